import * as z from 'zod';
import { dnsSchema } from './dns.ts';
import { endpointsSchema } from './endpoints.ts';
import { flag, listOf, oneOf, ruledText, section } from './field.ts';
import { guardsSchema } from './guards.ts';
import { healthCheckSchema } from './health-check.ts';
import { isDns1035Label, isDns1123Label, isDns1123Subdomain } from './kubernetes-names.ts';
import { MAX_TARGETS } from './limits.ts';
import { portsSchema } from './ports.ts';
import { quoted } from './problem.ts';
import { publishSchema } from './publish.ts';
import { serviceSchema } from './service.ts';

const API_VERSION = 'external-endpoints/v1';
export const KIND = 'TargetList';

const namespace = ruledText(
  {
    description: 'Namespace of the Service. It must exist.',
    default: 'default',
    expected: "a namespace: lower-case letters, digits and '-', at most 63 characters",
    maxLength: 63,
    pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?$',
  },
  (text) =>
    isDns1123Label(text) ? undefined : { message: `${quoted(text)} cannot be the name of a namespace` },
).optional();

/** Fields of a target that `defaults` may contain too. */
const sharedFields = {
  dns: dnsSchema.optional(),
  healthCheck: healthCheckSchema.optional(),
  publish: publishSchema.optional(),
  service: serviceSchema.optional(),
  adopt: flag({
    description: 'Whether to adopt a Service or Endpoints of this name that this installation does not own.',
    default: false,
  }).optional(),
  deletionPolicy: oneOf(['Delete', 'Orphan'], {
    description: 'What happens to the objects when the target leaves the list.',
    default: 'Delete',
  }).optional(),
};

export const targetSchema = section(
  {
    name: ruledText(
      {
        description: 'Name of the Service.',
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
  { id: 'Target', description: 'One Service and its endpoints.' },
);

export const defaultsSchema = section(
  { namespace, ...sharedFields },
  {
    id: 'Defaults',
    description:
      'Any field of a target except name, ports and endpoints. It applies to targets without that field.',
  },
);

export const metadataSchema = section(
  {
    name: ruledText(
      {
        description:
          'Name of the list. What it publishes bears this name, and it deletes only what bears it; a list without a name deletes nothing. Of a list in ConfigMaps, the reference to them is the name.',
        expected: "a name: lower-case letters, digits, '-' and '.', at most 253 characters",
        maxLength: 253,
        pattern: '^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$',
      },
      (text) =>
        isDns1123Subdomain(text) ? undefined : { message: `${quoted(text)} cannot be the name of a list` },
    ),
  },
  { id: 'Metadata', description: 'What the list is called.' },
);

export const targetListSchema = section(
  {
    apiVersion: oneOf([API_VERSION], { description: 'Version of this format.' }),
    kind: oneOf([KIND], { description: 'Kind of this document.' }),
    metadata: metadataSchema.optional(),
    defaults: defaultsSchema.optional(),
    guards: guardsSchema.optional(),
    targets: listOf(targetSchema, {
      description: 'The targets: one for each Service.',
      max: MAX_TARGETS,
      of: 'targets',
    }),
  },
  { description: 'The Services that external-endpoints keeps in the cluster, one for each target.' },
);

const anyTargets = listOf(z.unknown(), {
  description: 'The targets: one for each Service.',
  max: MAX_TARGETS,
  of: 'targets',
});

/** The list without the contents of its targets, which are checked one by one: each target reports its own problems. */
export const envelopeSchema = section(
  {
    ...targetListSchema.shape,
    metadata: z.unknown().optional(),
    defaults: z.unknown().optional(),
    guards: z.unknown().optional(),
    targets: anyTargets,
  },
  { description: 'The envelope.' },
);

export type WrittenTarget = z.infer<typeof targetSchema>;
export type WrittenDefaults = z.infer<typeof defaultsSchema>;
