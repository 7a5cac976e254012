import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { loadKubeConfig } from '../../../src/io/kube-config.ts';

let directory = '';
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'external-endpoints-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(directory, { recursive: true });
});

function file(name: string, text: string): string {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
}

const kubeconfig = (server: string, { current = 'prod', token = 'x', extra = '' } = {}) => `
clusters: [{ name: c, cluster: { server: "${server}"${extra} } }]
users: [{ name: u, user: { token: ${token} } }]
contexts:
  - { name: prod, context: { cluster: c, user: u, namespace: shop } }
  - { name: test, context: { cluster: c, user: u } }
current-context: ${current}
`;
const SERVER = 'https://k8s.example:6443';

describe('a kubeconfig', () => {
  it('gives its current context, or the requested one', () => {
    const path = file('config', kubeconfig(SERVER));
    const prod = loadKubeConfig({ kubeconfig: path, environment: {} });
    expect(prod).toMatchObject({ ok: true, namespace: 'shop', describe: `prod at ${SERVER}` });
    const test = loadKubeConfig({ kubeconfig: path, context: 'test', environment: {} });
    expect(test).toMatchObject({ ok: true, namespace: 'default', describe: `test at ${SERVER}` });
  });

  it('read again has new credentials, and the same context even if another is current', () => {
    const path = file('config', kubeconfig(SERVER));
    const loaded = loadKubeConfig({ kubeconfig: path, environment: {} });
    if (!loaded.ok) throw new Error(loaded.message);
    file('config', kubeconfig(SERVER, { current: 'test', token: 'newer' }));
    const again = loaded.load();
    expect(again.getCurrentContext()).toBe('prod');
    expect(again.getCurrentUser()?.token).toBe('newer');
    rmSync(path);
    expect(() => loaded.load()).toThrow(`kubeconfig ${path} cannot be read: ENOENT`);
  });
});

describe('the search for a kubeconfig', () => {
  it('tries --kubeconfig, then KUBECONFIG, then the home directory', () => {
    const given = file('given', kubeconfig('https://given'));
    const named = file('named', kubeconfig('https://named'));
    mkdirSync(join(directory, '.kube'));
    file('.kube/config', kubeconfig('https://home'));
    const serverOf = (choice: Parameters<typeof loadKubeConfig>[0]) => {
      for (const name of ['KUBECONFIG', 'HOME']) vi.stubEnv(name, choice.environment[name]);
      const loaded = loadKubeConfig(choice);
      return loaded.ok ? loaded.describe : loaded.message;
    };
    const environment = { KUBECONFIG: named, HOME: directory };
    expect(serverOf({ kubeconfig: given, environment })).toBe('prod at https://given');
    expect(serverOf({ environment })).toBe('prod at https://named');
    expect(serverOf({ environment: { HOME: directory } })).toBe('prod at https://home');
  });

  it('without a result says what to do', () => {
    expect(loadKubeConfig({ environment: { HOME: directory } })).toEqual({
      ok: false,
      message: 'no cluster is configured: pass --kubeconfig, set KUBECONFIG, or run inside a Pod',
    });
  });
});

describe('a kubeconfig that cannot be used', () => {
  it.each([
    ['is no YAML', '{{{', 'cannot be read: unexpected end of the stream'],
    ['is empty', '', 'cannot be read: expected a document'],
    ['is something else', 'kind: Pod', 'has no current context; pass --context'],
    ['names a context that is not there', kubeconfig(SERVER, { current: 'gone' }), '"gone" names no cluster'],
    ['has no address', kubeconfig('k8s.example'), 'cluster "c" has no usable server address'],
    ['speaks something else', kubeconfig('ftp://k8s'), 'cluster "c" has no usable server address'],
    [
      'shows credentials to the network',
      kubeconfig('http://k8s.example'),
      'show the credentials to everyone',
    ],
  ])('because it %s', (_why, text, message) => {
    const path = file('config', text);
    const loaded = loadKubeConfig({ kubeconfig: path, environment: {} });
    expect(loaded.ok).toBe(false);
    const reported = loaded.ok ? '' : loaded.message;
    expect(reported).toContain(message);
    expect(reported).toContain(path);
    expect(reported).not.toContain('\n');
  });

  it('because it does not exist, or is a directory', () => {
    for (const kubeconfig of [join(directory, 'nothing'), directory]) {
      expect(loadKubeConfig({ kubeconfig, environment: {} })).toMatchObject({ ok: false });
    }
  });

  it('because it lacks the requested context: the message names its contexts', () => {
    const path = file('config', kubeconfig(SERVER));
    expect(loadKubeConfig({ kubeconfig: path, context: 'prd', environment: {} })).toEqual({
      ok: false,
      message: `kubeconfig ${path} has no context "prd"; it has: prod, test`,
    });
  });
});

describe('plain HTTP', () => {
  it.each(['http://127.0.0.1:8001', 'http://localhost:8001', 'http://[::1]:8001'])(
    'is accepted on this machine: %s',
    (server) => {
      const path = file('config', kubeconfig(server));
      expect(loadKubeConfig({ kubeconfig: path, environment: {} })).toMatchObject({ ok: true });
    },
  );

  it.each(['http://127.0.0.1.evil.example', 'http://localhost.evil.example', 'http://10.0.0.1'])(
    'is rejected for other hosts: %s',
    (server) => {
      const path = file('config', kubeconfig(server));
      expect(loadKubeConfig({ kubeconfig: path, environment: {} })).toMatchObject({ ok: false });
    },
  );

  it('is accepted for other hosts with insecure-skip-tls-verify', () => {
    const path = file('config', kubeconfig('http://10.0.0.1', { extra: ', insecure-skip-tls-verify: true' }));
    expect(loadKubeConfig({ kubeconfig: path, environment: {} })).toMatchObject({ ok: true });
  });
});
