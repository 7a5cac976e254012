import { describe, expect, it } from 'vitest';
import type { PolicyRule } from '../../../src/embedded/apiserver/auth.ts';
import { ApiClient, SERVICES, SLICES } from '../../support/api-client.ts';

const RULES: readonly PolicyRule[] = [
  { verbs: ['get', 'list'], apiGroups: [''], resources: ['services'], namespaces: ['default'] },
  {
    verbs: ['patch'],
    apiGroups: ['discovery.k8s.io'],
    resources: ['endpointslices'],
    resourceNames: ['ours'],
  },
];

const client = new ApiClient({
  users: [{ name: 'worker', groups: [], token: 'secret', rules: RULES }],
  anonymousRules: [],
});

const AS_WORKER = { authorization: 'Bearer secret' };

describe('a user', () => {
  it('has the permissions of its rules, in their namespaces', async () => {
    const status = async (method: string, path: string) =>
      (await client.send(method, path, undefined, AS_WORKER)).status;
    expect(await status('GET', SERVICES)).toBe(200);
    expect(await status('GET', '/api/v1/namespaces/kube-system/services')).toBe(403);
    expect(await status('GET', '/api/v1/services')).toBe(403);
    expect(await status('DELETE', `${SERVICES}/x`)).toBe(403);
    expect(await status('PATCH', `${SLICES}/theirs`)).toBe(403);
    expect(await status('PATCH', `${SLICES}/ours`)).toBe(415);
  });

  it('gets 403 with the missing permission', async () => {
    const { body } = await client.send('DELETE', `${SERVICES}/x`, undefined, AS_WORKER);
    expect(body.message).toBe(
      'services "x" is forbidden: User "worker" cannot delete resource "services" in API group "" in the namespace "default"',
    );
  });

  it('can query its permissions with an access review', async () => {
    const ask = async (resourceAttributes: object) => {
      const path = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
      return (await client.send('POST', path, { spec: { resourceAttributes } }, AS_WORKER)).body.status;
    };
    expect(await ask({ verb: 'list', resource: 'services', namespace: 'default' })).toEqual({
      allowed: true,
    });
    expect(await ask({ verb: 'watch', resource: 'services', namespace: 'default' })).toEqual({
      allowed: false,
    });
    const rules = await client.send(
      'POST',
      '/apis/authorization.k8s.io/v1/selfsubjectrulesreviews',
      { spec: { namespace: 'default' } },
      AS_WORKER,
    );
    expect(rules.body.status).toMatchObject({
      resourceRules: expect.arrayContaining([
        { verbs: ['get', 'list'], apiGroups: [''], resources: ['services'] },
        expect.objectContaining({ resourceNames: ['ours'] }),
      ]),
    });
  });

  it('without a token can read only the health of the server', async () => {
    expect((await client.get('/readyz')).status).toBe(200);
    expect((await client.get('/api')).status).toBe(403);
    expect((await client.get(SERVICES)).status).toBe(403);
  });
});
