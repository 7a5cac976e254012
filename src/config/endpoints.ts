import type * as z from 'zod';
import { apiRefusalOf } from '../model/guards.ts';
import { type Hostname, type HostnameProblem, isHostname, parseHostname } from '../model/hostname.ts';
import { type IpAddress, parseIpAddress } from '../model/ip-address.ts';
import type { EndpointSource, SourceLocation } from '../model/target.ts';
import { addProblem, listOf, type RuleProblem, ruledText, section, wholeNumber } from './field.ts';
import { firstUse } from './field-rules.ts';
import { isLabelValue } from './kubernetes-names.ts';
import { MAX_ENDPOINTS } from './limits.ts';
import { quoted } from './problem.ts';

const KINDS = ['address', 'host', 'srv'] as const;
type Kind = (typeof KINDS)[number];

const endpointSchema = section(
  {
    address: ruledText(
      {
        description:
          'An IP address. Loopback, link-local and unspecified addresses are refused, as in the Kubernetes API.',
        expected: 'an IP address such as 10.20.0.5 or 2001:db8::5',
        maxLength: 64,
      },
      addressRule,
    ).optional(),
    host: ruledText(
      {
        description: 'A DNS name. Its A and AAAA records are the addresses.',
        expected: 'a DNS name such as db.corp.example',
        maxLength: 255,
      },
      (text) =>
        text.startsWith('_') && hostnameRule(text, 'host') === undefined
          ? { message: `${quoted(text)} looks like the name of an SRV record`, hint: `write srv: ${text}` }
          : hostnameRule(text, 'host'),
    ).optional(),
    srv: ruledText(
      {
        description:
          'DNS name of SRV records, usually `_service._proto.domain`. They provide host names, target port and priority.',
        expected: 'a DNS name such as _postgres._tcp.db.corp.example',
        maxLength: 255,
      },
      (text) => hostnameRule(text, 'srv'),
    ).optional(),
    zone: ruledText(
      {
        description: 'Zone of the endpoint in its EndpointSlice.',
        expected: 'a zone name (a label value)',
        maxLength: 63,
      },
      (text) =>
        isLabelValue(text) ? undefined : { message: `${quoted(text)} cannot be the value of a label` },
    ).optional(),
    priority: wholeNumber({
      description:
        '0 is preferred. A higher number is a standby: ready only while no address with a lower number is healthy. ' +
        'The priority of an SRV record is added to it.',
      default: 0,
      min: 0,
      max: 65535,
    }).optional(),
  },
  {
    id: 'Endpoint',
    description: 'An IP address or a DNS name: exactly one of address, host and srv.',
    oneOf: KINDS.map((kind) => ({ required: [kind] })),
  },
).superRefine((endpoint, context) => {
  const given = KINDS.filter((kind) => endpoint[kind] !== undefined);
  if (given.length === 1) return;
  const message =
    given.length === 0
      ? 'an endpoint needs one of address, host and srv'
      : `an endpoint needs exactly one of address, host and srv, not ${given.join(' and ')}`;
  const hint = given.length > 1 ? { hint: 'write a separate endpoint for each' } : {};
  addProblem(context, { message, expected: 'one of address, host and srv', ...hint });
});

type WrittenEndpoint = z.infer<typeof endpointSchema>;

export const endpointsSchema = listOf(endpointSchema, {
  description: 'Sources of the addresses. IP addresses and DNS names can be mixed.',
  min: 1,
  max: MAX_ENDPOINTS,
  of: 'endpoints',
}).superRefine((endpoints, context) => {
  const uses = new Map<string, number>();
  endpoints.forEach((endpoint, at) => {
    const kind = kindOf(endpoint);
    const value = kind === undefined ? undefined : canonical(kind, endpoint[kind] ?? '');
    if (kind === undefined || value === undefined) return;
    const first = firstUse(uses, `${kind} ${value}`, at);
    if (first === undefined) return;
    const message = `${kind} ${value} is already endpoints[${first}] of this target`;
    addProblem(context, { message, expected: 'unique addresses and names' }, [at, kind]);
  });
});

function kindOf(endpoint: WrittenEndpoint): Kind | undefined {
  return KINDS.find((kind) => endpoint[kind] !== undefined);
}

/** The canonical form of an address or name; undefined when it is invalid. */
function canonical(kind: Kind, text: string): IpAddress | Hostname | undefined {
  if (kind === 'address') return parseIpAddress(text);
  const name = parseHostname(text);
  return isHostname(name) ? name : undefined;
}

function addressRule(text: string): RuleProblem | undefined {
  const address = parseIpAddress(text);
  if (address !== undefined) {
    const refusal = apiRefusalOf(address);
    return refusal === undefined
      ? undefined
      : {
          message: `${address} is refused: ${refusal.message}`,
          expected: 'an address that can be published',
        };
  }
  const message = `${quoted(text)} is not an IP address`;
  if (text.includes('/')) return { message, hint: 'write a single address, not a range' };
  const withPort = /^\[(.+)\]:\d+$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1];
  if (withPort !== undefined)
    return { message, hint: `write ${withPort}; the port is the target's targetPort` };
  if (/^\d+(\.\d+){3}$/.test(text) && parseIpAddress(withoutLeadingZeros(text)) !== undefined) {
    return {
      message,
      hint: `write ${withoutLeadingZeros(text)}: some programs read a leading zero as octal`,
    };
  }
  if (text.includes('%')) return { message, hint: 'an address with a zone id is valid on one host only' };
  return isHostname(parseHostname(text)) ? { message, hint: `write host: ${text}` } : { message };
}

function withoutLeadingZeros(text: string): string {
  return text.replace(/\b0+(?=\d)/g, '');
}

const HOSTNAME_PROBLEMS: Readonly<Record<HostnameProblem, string>> = {
  EmptyName: 'the name is empty',
  EmptyLabel: 'has an empty label: two dots in a row, or a leading dot',
  LabelTooLong: 'has a label of more than 63 characters',
  NameTooLong: 'has more than 253 characters',
  IllegalCharacter: "contains a character other than letters, digits, '-', '_' and dots",
  LooksLikeAnAddress: 'looks like an IP address or a part of one',
};

function hostnameRule(text: string, field: 'host' | 'srv'): RuleProblem | undefined {
  if (parseIpAddress(text) !== undefined) {
    return { message: `${quoted(text)} is an address, not a name`, hint: `write address: ${text}` };
  }
  const name = parseHostname(text);
  if (isHostname(name)) return undefined;
  const message = `${quoted(text)} ${HOSTNAME_PROBLEMS[name]}`;
  const url = /^[a-z][a-z0-9+.-]*:\/\/([^/:]+)/i.exec(text)?.[1] ?? /^([^:/]+):\d+$/.exec(text)?.[1];
  return url === undefined ? { message } : { message, hint: `write only the name: ${field}: ${url}` };
}

/** `locate` returns the location of a field of the endpoint at an index. */
export function endpointsFrom(
  written: readonly WrittenEndpoint[],
  locate: (at: number, field: string) => SourceLocation,
): EndpointSource[] {
  return written.map((endpoint, at) => {
    const kind = kindOf(endpoint);
    const value = kind === undefined ? undefined : canonical(kind, endpoint[kind] ?? '');
    if (kind === undefined || value === undefined) throw new Error('the schema accepted an invalid endpoint');
    const common = {
      priority: endpoint.priority ?? 0,
      declaredAt: locate(at, kind),
      ...(endpoint.zone === undefined ? {} : { zone: endpoint.zone }),
    };
    if (kind === 'address') return { kind, address: value as IpAddress, ...common };
    return kind === 'host'
      ? { kind, host: value as Hostname, ...common }
      : { kind, srv: value as Hostname, ...common };
  });
}
