import type * as z from 'zod';
import { isHostname, parseHostname } from '../model/hostname.ts';
import { parseIpAddress } from '../model/ip-address.ts';
import type { TlsSettings } from '../model/target.ts';
import { durationField, durationMs } from './duration-field.ts';
import { flag, ruledText, section } from './field.ts';
import { quoted } from './problem.ts';

const NO_MINIMUM = '0';

export const tlsSchema = section(
  {
    serverName: ruledText(
      {
        description: 'The name that is asked for (SNI) and that the certificate must be for.',
        otherwise: 'the host of the HTTP check, else the name that the address came from, else the address',
        expected: 'a DNS name or an IP address',
        maxLength: 255,
      },
      (text) =>
        parseIpAddress(text) !== undefined || isHostname(parseHostname(text))
          ? undefined
          : { message: `${quoted(text)} is neither a DNS name nor an IP address` },
    ).optional(),
    caFile: ruledText(
      {
        description: 'PEM file with the authorities to trust. It is read again when it changes.',
        otherwise: "Node's authorities, NODE_EXTRA_CA_CERTS included",
        expected: 'the absolute path of a PEM file',
        maxLength: 4_096,
      },
      (text) => (text.startsWith('/') ? undefined : { message: `${quoted(text)} is no absolute path` }),
    ).optional(),
    verify: flag({
      description: 'False: any certificate will do, expired ones and those for other names included.',
      default: true,
    }).optional(),
    minValidity: durationField({
      description: 'A certificate that ends sooner counts as a failure.',
      default: NO_MINIMUM,
      min: '0s',
      max: '87600h',
    }).optional(),
  },
  { id: 'TlsCheck', description: 'For `type: tls`, and for `type: http` with `scheme: https`.' },
);

export function tlsFrom(written: z.infer<typeof tlsSchema> | undefined): TlsSettings {
  return {
    ...(written?.serverName === undefined ? {} : { serverName: written.serverName }),
    ...(written?.caFile === undefined ? {} : { caFile: written.caFile }),
    verify: written?.verify ?? true,
    minValidityMs: durationMs(written?.minValidity ?? NO_MINIMUM),
  };
}
