import type * as z from 'zod';
import type { ServiceSettings } from '../target/target.ts';
import { addProblem, flag, listOf, oneOf, type RuleProblem, section, textMap } from './field.ts';
import { isAnnotationKey, isLabelValue, isQualifiedName } from './kubernetes-names.ts';
import { firstUse } from './ports.ts';
import { quoted } from './problem.ts';
import type { Report } from './report.ts';

/** Keys that this program or Kubernetes itself writes and reads: another value would break one of them. */
const RESERVED_KEYS = [
  'app.kubernetes.io/managed-by',
  'kubernetes.io/service-name',
  'service.kubernetes.io/headless',
  'control-plane.alpha.kubernetes.io/leader',
  'kubectl.kubernetes.io/last-applied-configuration',
];
const RESERVED_PREFIXES = ['external-endpoints/', 'endpointslice.kubernetes.io/', 'endpoints.kubernetes.io/'];

function reservedKey(key: string): RuleProblem | undefined {
  if (!RESERVED_KEYS.includes(key) && !RESERVED_PREFIXES.some((prefix) => key.startsWith(prefix)))
    return undefined;
  return {
    message: `the key ${quoted(key)} is reserved`,
    hint: 'remove it: external-endpoints or Kubernetes sets it',
  };
}

function labelRule(key: string, value: string): RuleProblem | undefined {
  if (!isQualifiedName(key)) return { message: `${quoted(key)} cannot be the key of a label` };
  if (!isLabelValue(value)) return { message: `${quoted(value)} cannot be the value of a label` };
  return reservedKey(key);
}

function annotationRule(key: string): RuleProblem | undefined {
  return isAnnotationKey(key)
    ? reservedKey(key)
    : { message: `${quoted(key)} cannot be the key of an annotation` };
}

export const serviceSchema = section(
  {
    create: flag({ description: 'False: somebody else keeps the Service.', default: true }).optional(),
    type: oneOf(['ClusterIP', 'Headless', 'NodePort', 'LoadBalancer'], {
      description: "The Service's type; `Headless` is ClusterIP without an address of its own.",
      default: 'ClusterIP',
    }).optional(),
    labels: textMap(
      { description: 'Labels of the Service.', default: {}, expected: 'a mapping from label keys to texts' },
      labelRule,
    ).optional(),
    annotations: textMap(
      {
        description: 'Annotations of the Service.',
        default: {},
        expected: 'a mapping from annotation keys to texts',
      },
      annotationRule,
    ).optional(),
    sessionAffinity: oneOf(['None', 'ClientIP'], {
      description: 'As in a Service.',
      default: 'None',
    }).optional(),
    internalTrafficPolicy: oneOf(['Cluster', 'Local'], {
      description:
        'As in a Service. `Local` is refused: it would drop all traffic, as no node has these endpoints.',
      default: 'Cluster',
    }).optional(),
    trafficDistribution: oneOf(['PreferClose', 'PreferSameZone', 'PreferSameNode'], {
      description: 'As in a Service.',
    }).optional(),
    ipFamilies: listOf(oneOf(['IPv4', 'IPv6'], { description: 'A family.' }), {
      description: 'As in a Service.',
      default: "the cluster's default",
      min: 1,
      max: 2,
      of: 'families',
    })
      .superRefine((families, context) => {
        const uses = new Map<string, number>();
        families.forEach((family, at) => {
          if (firstUse(uses, family, at) !== undefined)
            addProblem(context, { message: `${family} is given twice` }, [at]);
        });
      })
      .optional(),
    ipFamilyPolicy: oneOf(['SingleStack', 'PreferDualStack', 'RequireDualStack'], {
      description: 'As in a Service.',
      default: "the API's default",
    }).optional(),
  },
  { id: 'Service', description: 'The Service that stands before the addresses.' },
);

type WrittenService = z.infer<typeof serviceSchema>;

export function serviceFrom(written: WrittenService | undefined, report: Report): ServiceSettings {
  const { create = true, type = 'ClusterIP', labels = {}, annotations = {}, ...rest } = written ?? {};
  const { internalTrafficPolicy, ...spec } = rest;
  if (internalTrafficPolicy === 'Local') {
    report(['service', 'internalTrafficPolicy'], {
      message: 'Local would drop all traffic: these endpoints are on no node of the cluster',
      expected: 'Cluster',
    });
  }
  if (spec.ipFamilyPolicy === 'SingleStack' && spec.ipFamilies?.length === 2) {
    report(['service', 'ipFamilies'], {
      message: 'two families do not go with ipFamilyPolicy SingleStack',
      expected: 'one family',
    });
  }
  return {
    create,
    type,
    labels,
    annotations,
    ...defined(spec),
    ...(internalTrafficPolicy === 'Cluster' ? { internalTrafficPolicy } : {}),
  };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the fields that are present and undefined. */
function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
