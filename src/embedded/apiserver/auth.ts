import type { Kind } from './kind.ts';
import type { ApiRequest, ResourcePath } from './request.ts';
import { forbidden, Refusal, unauthorized } from './status.ts';

/** One rule of a Role. `*` stands for all. */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  /** Empty: every name. */
  readonly resourceNames?: readonly string[];
  /** The namespaces of the rule. Empty or missing: all namespaces and the cluster scope. */
  readonly namespaces?: readonly string[];
}

/** A user with a bearer token, and its permissions. */
export interface User {
  readonly name: string;
  readonly groups: readonly string[];
  readonly token: string;
  readonly rules: readonly PolicyRule[];
}

export const EVERYTHING_ALLOWED: PolicyRule = { verbs: ['*'], apiGroups: ['*'], resources: ['*'] };

/** The user of requests without a token. */
export function anonymousUser(rules: readonly PolicyRule[]): User {
  return { name: 'system:anonymous', groups: ['system:unauthenticated'], token: '', rules };
}

/** Paths that everybody may read without a token (the ClusterRole system:public-info-viewer). */
export const PUBLIC_PATHS: readonly string[] = ['/healthz', '/livez', '/readyz', '/version', '/version/'];

/** The attributes of a request that authorization checks. */
export interface Attributes {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly name: string;
  /** Empty: the cluster scope, or all namespaces. */
  readonly namespace: string;
}

export function authenticate(users: readonly User[], anonymous: User, request: ApiRequest): User {
  const header = request.headers.authorization;
  if (header === undefined) return anonymous;
  const token = /^Bearer +(\S+)$/i.exec(header)?.[1];
  const user = users.find((one) => one.token === token);
  if (user === undefined) throw unauthorized();
  return user;
}

export function isAllowed(user: User, wanted: Attributes): boolean {
  return user.rules.some((rule) => {
    const names = rule.resourceNames ?? [];
    const namespaces = rule.namespaces ?? [];
    return (
      includes(rule.verbs, wanted.verb) &&
      includes(rule.apiGroups, wanted.group) &&
      includes(rule.resources, wanted.resource) &&
      (names.length === 0 || names.includes(wanted.name)) &&
      (namespaces.length === 0 || namespaces.includes(wanted.namespace))
    );
  });
}

function includes(list: readonly string[], value: string): boolean {
  return list.includes('*') || list.includes(value);
}

export function authorize(user: User, kind: Kind, path: ResourcePath, verb: string): void {
  const { name, namespace } = path;
  if (isAllowed(user, { verb, group: kind.group, resource: kind.resource, name, namespace })) return;
  const scope = namespace === '' ? 'at the cluster scope' : `in the namespace "${namespace}"`;
  const why = `User "${user.name}" cannot ${verb} resource "${kind.resource}" in API group "${kind.group}" ${scope}`;
  throw forbidden({ group: kind.group, resource: kind.resource }, name, why);
}

/** Paths without a resource: everybody may read health and version; authenticated users also discovery. */
export function authorizePath(user: User, path: string): void {
  if (user.token !== '' || user.rules.length > 0 || PUBLIC_PATHS.includes(path)) return;
  const message = `forbidden: User "${user.name}" cannot get path "${path}"`;
  throw new Refusal(403, message, 'Forbidden', {});
}
