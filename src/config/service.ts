import type * as z from 'zod';
import type { ServiceSettings } from '../model/target.ts';
import { addProblem, flag, listOf, oneOf, type RuleProblem, section, textMap } from './field.ts';
import type { Report } from './field-rules.ts';
import { uniqueBy } from './field-rules.ts';
import { isAnnotationKey, isLabelValue, isQualifiedName } from './kubernetes-names.ts';
import { quoted } from './problem.ts';

/** Keys that external-endpoints or Kubernetes itself uses. Other values would break one of them. */
const RESERVED_KEYS = [
  'app.kubernetes.io/managed-by',
  'kubernetes.io/service-name',
  'service.kubernetes.io/headless',
  'control-plane.alpha.kubernetes.io/leader',
  'kubectl.kubernetes.io/last-applied-configuration',
];
const RESERVED_PREFIXES = ['external-endpoints/', 'endpointslice.kubernetes.io/', 'endpoints.kubernetes.io/'];

function reservedKey(key: string): RuleProblem | undefined {
  const reserved = RESERVED_KEYS.includes(key) || RESERVED_PREFIXES.some((prefix) => key.startsWith(prefix));
  if (!reserved) return undefined;
  const hint = 'remove it: external-endpoints or Kubernetes sets it';
  return { message: `the key ${quoted(key)} is reserved`, expected: 'another key', hint, atKey: true };
}

function labelRule(key: string, value: string): RuleProblem | undefined {
  if (!isQualifiedName(key)) {
    const message = `${quoted(key)} cannot be the key of a label`;
    return { message, expected: 'a key such as team or example.com/team', atKey: true };
  }
  if (isLabelValue(value)) return reservedKey(key);
  const message = `${quoted(value)} cannot be the value of a label`;
  return { message, expected: "at most 63 letters, digits, '-', '_' and '.'" };
}

function annotationRule(key: string): RuleProblem | undefined {
  if (isAnnotationKey(key)) return reservedKey(key);
  const message = `${quoted(key)} cannot be the key of an annotation`;
  return { message, expected: 'a key such as note or example.com/note', atKey: true };
}

/** `TotalAnnotationSizeLimitB` of `apimachinery/pkg/api/validation/objectmeta.go`. */
const MAX_ANNOTATION_BYTES = 256 * 1024;

function sizeRule(annotations: Readonly<Record<string, string>>): RuleProblem | undefined {
  const bytes = Object.entries(annotations).reduce((sum, pair) => sum + Buffer.byteLength(pair.join('')), 0);
  if (bytes <= MAX_ANNOTATION_BYTES) return undefined;
  return { message: `the annotations have ${bytes} bytes; the limit is ${MAX_ANNOTATION_BYTES}` };
}

export const serviceSchema = section(
  {
    create: flag({
      description: 'Whether to write the Service. With `false` something else must create it.',
      default: true,
    }).optional(),
    type: oneOf(['ClusterIP', 'Headless', 'NodePort', 'LoadBalancer'], {
      description: 'Type of the Service. `Headless` is ClusterIP without a cluster IP.',
      default: 'ClusterIP',
      refused: {
        ExternalName: 'an ExternalName Service has no endpoints; write ClusterIP',
        None: 'write Headless',
      },
    }).optional(),
    labels: textMap(
      {
        description: 'Labels of the Service.',
        default: {},
        expected: 'a mapping from label keys to strings',
      },
      labelRule,
    ).optional(),
    annotations: textMap(
      {
        description: 'Annotations of the Service, at most 256 KiB in total.',
        default: {},
        expected: 'a mapping from annotation keys to strings',
      },
      annotationRule,
    )
      .superRefine((annotations, context) => addProblem(context, sizeRule(annotations)))
      .optional(),
    sessionAffinity: oneOf(['None', 'ClientIP'], {
      description: 'As in a Service.',
      default: 'None',
    }).optional(),
    internalTrafficPolicy: oneOf(['Cluster'], {
      description:
        'As in a Service. `Local` is refused: the endpoints are not on nodes of the cluster, so all traffic would be dropped.',
      default: 'Cluster',
      refused: { Local: 'the endpoints are not on nodes of the cluster, so Local would drop all traffic' },
    }).optional(),
    trafficDistribution: oneOf(['PreferClose', 'PreferSameZone', 'PreferSameNode'], {
      description: 'As in a Service.',
    }).optional(),
    ipFamilies: listOf(oneOf(['IPv4', 'IPv6'], { description: 'An IP family.' }), {
      description: 'As in a Service.',
      otherwise: "the cluster's default",
      min: 1,
      max: 2,
      of: 'families',
    })
      .superRefine(uniqueBy((family) => family))
      .optional(),
    ipFamilyPolicy: oneOf(['SingleStack', 'PreferDualStack', 'RequireDualStack'], {
      description: 'As in a Service.',
      otherwise: "the API's default",
    }).optional(),
  },
  { id: 'Service', description: 'The Service of the target.' },
);

type WrittenService = z.infer<typeof serviceSchema>;

export function serviceFrom(written: WrittenService | undefined, report: Report): ServiceSettings {
  const { create = true, type = 'ClusterIP', labels = {}, annotations = {}, ...spec } = written ?? {};
  // The policy that the API server sets when the field is missing (`service/storage/alloc.go`, initIPFamilyFields).
  const policy = spec.ipFamilyPolicy ?? (type === 'Headless' ? 'RequireDualStack' : 'SingleStack');
  if (policy === 'SingleStack' && spec.ipFamilies?.length === 2) {
    report(['service', 'ipFamilies'], {
      message: `ipFamilyPolicy ${policy} allows only one family`,
      expected: 'one family',
      hint: 'or write ipFamilyPolicy: PreferDualStack',
    });
  }
  if (type === 'Headless' && spec.sessionAffinity === 'ClientIP') {
    report(['service', 'sessionAffinity'], {
      message: 'sessionAffinity ClientIP has no effect on a headless Service',
      expected: 'no sessionAffinity',
      hint: 'clients of a headless Service choose an address themselves',
    });
  }
  return { create, type, labels, annotations, ...defined(spec) };
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the fields whose value is undefined. */
function defined<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>;
}
