import * as z from 'zod';
import { dnsSchema } from './dns.ts';
import { endpointsSchema } from './endpoints.ts';
import { flag, listOf, oneOf, ruledText, section } from './field.ts';
import { guardsSchema } from './guards.ts';
import { healthCheckSchema } from './health-check.ts';
import { isDns1035Label, isDns1123Label } from './kubernetes-names.ts';
import { MAX_TARGETS } from './limits.ts';
import { portsSchema } from './ports.ts';
import { quoted } from './problem.ts';
import { publishSchema } from './publish.ts';
import { serviceSchema } from './service.ts';

const API_VERSION = 'external-endpoints/v1';
export const KIND = 'TargetList';

const namespace = ruledText(
  {
    description: 'The namespace of the Service. It must exist.',
    default: 'default',
    expected: "a namespace: lower-case letters, digits and '-', at most 63 characters",
    maxLength: 63,
    pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
  },
  (text) =>
    isDns1123Label(text) ? undefined : { message: `${quoted(text)} cannot be the name of a namespace` },
).optional();

/** The other fields of a target that `defaults` may give too. */
const sharedFields = {
  dns: dnsSchema.optional(),
  healthCheck: healthCheckSchema.optional(),
  publish: publishSchema.optional(),
  service: serviceSchema.optional(),
  adopt: flag({
    description: 'Take over a Service or Endpoints of this name that is not ours.',
    default: false,
  }).optional(),
  deletionPolicy: oneOf(['Delete', 'Orphan'], {
    description: 'What becomes of the objects when the target leaves the list.',
    default: 'Delete',
  }).optional(),
};

export const targetSchema = section(
  {
    name: ruledText(
      {
        description: "The Service's name.",
        expected:
          "a Service's name: lower-case letters, digits and '-', beginning with a letter, at most 63 characters",
        maxLength: 63,
        pattern: '^[a-z]([-a-z0-9]*[a-z0-9])?$',
      },
      (text) =>
        isDns1035Label(text) ? undefined : { message: `${quoted(text)} cannot be the name of a Service` },
    ),
    namespace,
    ports: portsSchema,
    endpoints: endpointsSchema,
    ...sharedFields,
  },
  { id: 'Target', description: 'One Service and what stands behind it.' },
);

export const defaultsSchema = section(
  { namespace, ...sharedFields },
  {
    id: 'Defaults',
    description:
      'Any field of a target but name, ports and endpoints: it holds for the targets that do not write it.',
  },
);

export const targetListSchema = section(
  {
    apiVersion: oneOf([API_VERSION], { description: 'The version of this format.' }),
    kind: oneOf([KIND], { description: 'The kind of this document.' }),
    defaults: defaultsSchema.optional(),
    guards: guardsSchema.optional(),
    targets: listOf(targetSchema, { description: 'The targets.', max: MAX_TARGETS, of: 'targets' }),
  },
  { description: 'What external-endpoints keeps in the cluster: one Service for each target.' },
);

const unreadTargets = listOf(z.unknown(), { description: 'The targets.', max: MAX_TARGETS, of: 'targets' });

/** The list around its targets, which are read one by one so that one broken target hides no other. */
export const envelopeSchema = section(
  {
    ...targetListSchema.shape,
    defaults: z.unknown().optional(),
    guards: z.unknown().optional(),
    targets: unreadTargets,
  },
  { description: 'The envelope.' },
);

export type WrittenTarget = z.infer<typeof targetSchema>;
export type WrittenDefaults = z.infer<typeof defaultsSchema>;
