import { afterUpdate } from './apply/managed-fields.ts';
import { isAllowed, PUBLIC_PATHS, type User } from './auth.ts';
import { decodeBody, emptyObject } from './decode-object.ts';
import { type FieldError, invalid, invalidObject } from './field-error.ts';
import { timestamp } from './identifiers.ts';
import { isObject, type JsonObject, type JsonValue, objectOf, stringOf } from './json.ts';
import { groupVersionOf, type Kind } from './kind.ts';
import { rulesReviewKind } from './kinds/reviews.ts';
import type { ApiRequest } from './request.ts';
import { badRequest } from './status.ts';

/** @returns the review with its status filled. */
export function review(
  kind: Kind,
  request: ApiRequest,
  user: User,
  wallNowMs: number,
  warnings: string[],
): JsonObject {
  const draft = decodeBody(kind, request, 'Warn', warnings);
  const spec = objectOf(draft.spec);
  if (kind === rulesReviewKind) {
    if (stringOf(spec.namespace) === '') throw badRequest('no namespace on request');
    // The response does not repeat the spec, as in the real API server.
    return { ...draft, metadata: {}, spec: {}, status: rulesOf(user, stringOf(spec.namespace)) };
  }
  const errors = accessReviewErrors(spec);
  // The real API server does not set the kind here either.
  if (errors.length > 0) throw invalidObject({ group: kind.group, kind: '' }, '', errors);
  const manager = (request.headers['user-agent'] ?? '').split('/')[0] || 'unknown';
  const writer = { manager, apiVersion: groupVersionOf(kind), now: timestamp(wallNowMs) };
  const managedFields = afterUpdate(kind, emptyObject(kind), draft, undefined, writer);
  return {
    ...draft,
    metadata: managedFields === undefined ? {} : { managedFields },
    status: { allowed: isAccessAllowed(user, spec) },
  };
}

function accessReviewErrors(spec: JsonObject): FieldError[] {
  const { resourceAttributes, nonResourceAttributes } = spec;
  if (isObject(resourceAttributes) && isObject(nonResourceAttributes)) {
    const { path, verb } = nonResourceAttributes;
    const shown = { Path: stringOf(path), Verb: stringOf(verb) };
    return [
      invalid(
        'spec.nonResourceAttributes',
        shown,
        'cannot be specified in combination with resourceAttributes',
      ),
    ];
  }
  if (resourceAttributes !== undefined || nonResourceAttributes !== undefined) return [];
  const detail = 'exactly one of nonResourceAttributes or resourceAttributes must be specified';
  return [invalid('spec.resourceAttributes', null, detail)];
}

function isAccessAllowed(user: User, spec: JsonObject): boolean {
  if (!isObject(spec.resourceAttributes)) {
    const { path, verb } = objectOf(spec.nonResourceAttributes);
    const readsPublic = verb === 'get' && PUBLIC_PATHS.includes(stringOf(path));
    return (
      readsPublic ||
      isAllowed(user, { verb: stringOf(verb), group: '', resource: '*', name: '', namespace: '' })
    );
  }
  const wanted = spec.resourceAttributes;
  const subresource = stringOf(wanted.subresource);
  return isAllowed(user, {
    verb: stringOf(wanted.verb),
    group: stringOf(wanted.group),
    resource: subresource === '' ? stringOf(wanted.resource) : `${stringOf(wanted.resource)}/${subresource}`,
    name: stringOf(wanted.name),
    namespace: stringOf(wanted.namespace),
  });
}

/** Permissions of every user: the ClusterRoles system:basic-user, -discovery and -public-info-viewer. */
function rulesOf(user: User, namespace: string): JsonObject {
  const own = user.rules.filter((rule) => {
    const namespaces = rule.namespaces ?? [];
    return namespaces.length === 0 || namespaces.includes(namespace);
  });
  const resourceRules: JsonValue[] = [
    {
      verbs: ['create'],
      apiGroups: ['authorization.k8s.io'],
      resources: ['selfsubjectaccessreviews', 'selfsubjectrulesreviews'],
    },
    { verbs: ['create'], apiGroups: ['authentication.k8s.io'], resources: ['selfsubjectreviews'] },
    ...own.map(({ verbs, apiGroups, resources, resourceNames = [] }) => ({
      verbs: [...verbs],
      apiGroups: [...apiGroups],
      resources: [...resources],
      ...(resourceNames.length === 0 ? {} : { resourceNames: [...resourceNames] }),
    })),
  ];
  const isAdministrator = own.some((rule) => rule.verbs.includes('*') && rule.resources.includes('*'));
  const nonResourceRules = PATH_RULES.flatMap((paths, at) => [
    ...(at === 2 && isAdministrator ? [{ verbs: ['*'], nonResourceURLs: ['*'] }] : []),
    { verbs: ['get'], nonResourceURLs: [...paths] },
  ]);
  return { resourceRules, nonResourceRules, incomplete: false };
}

const PATH_RULES: readonly (readonly string[])[] = [
  [
    '/api',
    '/api/*',
    '/apis',
    '/apis/*',
    '/healthz',
    '/livez',
    '/openapi',
    '/openapi/*',
    '/readyz',
    '/version',
    '/version/',
  ],
  PUBLIC_PATHS,
  ['/.well-known', '/.well-known/*'],
];
