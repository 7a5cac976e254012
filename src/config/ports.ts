import type * as z from 'zod';
import type { TargetPort } from '../model/target.ts';
import { addProblem, listOf, oneOf, ruledText, section, wholeNumber } from './field.ts';
import { firstUse } from './field-rules.ts';
import { isDns1123Label, isQualifiedName } from './kubernetes-names.ts';
import { MAX_PORTS } from './limits.ts';
import { quoted } from './problem.ts';

const portNumber = { min: 1, max: 65535 };

const portSchema = section(
  {
    name: ruledText(
      {
        description: 'Name of the port in the Service. Required when the target has more than one port.',
        expected: "a DNS label: lower-case letters, digits and '-', at most 63 characters",
        maxLength: 63,
        pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
      },
      (text) =>
        isDns1123Label(text)
          ? undefined
          : {
              message: `${quoted(text)} is not a DNS label`,
              hint: `lower-case letters, digits and '-', such as "https"`,
            },
    ).optional(),
    port: wholeNumber({ description: 'Port that clients of the Service use.', ...portNumber }),
    targetPort: wholeNumber({
      description: 'Port on the addresses.',
      otherwise: 'the same as `port`',
      ...portNumber,
    }).optional(),
    protocol: oneOf(['TCP', 'UDP', 'SCTP'], {
      description: 'Transport protocol. Only TCP ports can be checked.',
      default: 'TCP',
    }).optional(),
    appProtocol: ruledText(
      {
        description: 'Application protocol, as in a Service.',
        expected: 'a name such as postgresql or kubernetes.io/h2c',
        maxLength: 317,
      },
      (text) =>
        isQualifiedName(text)
          ? undefined
          : { message: `${quoted(text)} is not a qualified name (NAME or PREFIX/NAME)` },
    ).optional(),
  },
  { id: 'Port', description: 'One port of the Service.' },
);

/** The API rejects EndpointSlices with two ports of one name (`discovery/validation`). */
const HINT_NAMES = 'port names must be unique, even across protocols';

type WrittenPort = z.infer<typeof portSchema>;

export const portsSchema = listOf(portSchema, {
  description: 'Ports of the Service, and the ports on the addresses that they lead to.',
  min: 1,
  max: MAX_PORTS,
  of: 'ports',
}).superRefine((ports, context) => {
  const names = new Map<string, number>();
  const numbers = new Map<string, number>();
  ports.forEach((port, at) => {
    if (ports.length > 1 && port.name === undefined) {
      const message = 'a port needs a name when there is more than one';
      addProblem(context, { message, expected: 'a port with a name' }, [at]);
    }
    const sameName = port.name === undefined ? undefined : firstUse(names, port.name, at);
    if (sameName !== undefined) {
      const message = `the name ${quoted(port.name ?? '')} is already used by ports[${sameName}]`;
      addProblem(context, { message, expected: 'a unique name', hint: HINT_NAMES }, [at, 'name']);
    }
    const number = `${protocolOf(port)} ${port.port}`;
    const sameNumber = firstUse(numbers, number, at);
    if (sameNumber !== undefined) {
      const message = `${number} is already used by ports[${sameNumber}]`;
      addProblem(context, { message, expected: 'a unique port' }, [at, 'port']);
    }
  });
});

function protocolOf(port: WrittenPort): TargetPort['protocol'] {
  return port.protocol ?? 'TCP';
}

export function portsFrom(written: readonly WrittenPort[]): TargetPort[] {
  return written.map((port) => ({
    name: port.name ?? '',
    port: port.port,
    targetPort: port.targetPort ?? port.port,
    protocol: protocolOf(port),
    ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }),
  }));
}
