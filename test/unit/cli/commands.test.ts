import { describe, expect, it } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { CliWorld } from '../../support/cli-world.ts';
import { answering, servingZones } from '../../support/dns-network.ts';
import { address, SERVER, srv } from '../../support/dns-resolver.ts';

const TWO = `  - name: db
    ports: [{ name: pg, port: 5432 }]
    endpoints: [{ address: 10.0.0.1 }, { address: 10.0.0.2 }]
`;

describe('sync', () => {
  it('publishes, reports what it wrote, and writes nothing the second time', async () => {
    const world = new CliWorld();
    const list = world.list(TWO);
    const first = await world.run('sync', ...list);
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out).toBe(`TARGET      ADDRESS   VERDICT  WHY        LATENCY  FROM     WRITTEN
default/db  10.0.0.1  ready    Connected  0 ms     address  created Service, EndpointSlice, Endpoints
            10.0.0.2  ready    Connected  0 ms     address

1 target: 0 unchanged, 0 refused, 0 failed; objects: 3 created, 0 updated, 0 deleted (12 requests, 1020 ms)
`);
    const second = await world.run('sync', ...list);
    expect(second.code).toBe(0);
    expect(second.out).toContain(
      '1 unchanged, 0 refused, 0 failed; objects: 0 created, 0 updated, 0 deleted',
    );
  });

  it('prints the same report as JSON and as YAML', async () => {
    const world = new CliWorld();
    const list = world.list(TWO);
    const json = await world.run('sync', ...list, '-o', 'json');
    expect(JSON.parse(json.out)).toMatchObject({
      summary: { targets: 1, created: 3, updated: 0, deleted: 0, unchanged: 0, refused: 0, failed: 0 },
      targets: [
        {
          namespace: 'default',
          name: 'db',
          phase: 'Published',
          reason: 'AllReady',
          endpoints: [{ address: '10.0.0.1', ready: true, reason: 'Connected' }, { address: '10.0.0.2' }],
          actions: [
            { verb: 'create', kind: 'Service', name: 'db', reason: 'Missing' },
            { verb: 'create', kind: 'EndpointSlice', name: 'db-ipv4-0' },
            { verb: 'create', kind: 'Endpoints', name: 'db' },
          ],
        },
      ],
    });
    const yaml = await world.run('sync', ...list, '-o', 'yaml');
    expect(parse(yaml.out)).toMatchObject({ summary: { unchanged: 1 }, targets: [{ name: 'db' }] });
  });

  it('exits with 4 when the cluster refuses every target, and with 3 when it refuses some', async () => {
    const world = new CliWorld();
    const list = world.list(TWO);
    world.client.fault = ({ method }) => (method === 'PATCH' ? 'forbidden' : undefined);
    expect(await world.run('sync', ...list)).toMatchObject({ code: 4 });
    world.client.fault = ({ path }) => (path.includes('state') ? undefined : 'forbidden');
    for (const command of ['sync', 'plan']) {
      const { code, out } = await world.run(command, ...list);
      expect(code).toBe(4);
      expect(out).toContain('Forbidden');
    }
    world.client.fault = () => undefined;
    const two = world.list(
      `${TWO}  - { name: other, ports: [{ port: 80 }], endpoints: [{ address: 10.0.0.1 }] }\n`,
    );
    world.client.fault = ({ method, path }) =>
      method === 'PATCH' && path.includes('other') ? 'forbidden' : undefined;
    expect(await world.run('sync', ...two)).toMatchObject({ code: 3 });
  });

  it('exits with 3 when a target is in trouble', async () => {
    const world = new CliWorld();
    world.network.set('10.0.0.1:5432', { does: 'fail', code: 'ECONNREFUSED' });
    world.network.set('10.0.0.2:5432', { does: 'fail', code: 'ECONNREFUSED' });
    const { code, out } = await world.run('sync', ...world.list(TWO));
    expect(code).toBe(3);
    expect(out).toContain(
      'default/db: NotReady (NoneReady): none of 2 addresses is ready; 10.0.0.1:5432 ConnectionRefused',
    );
  });

  it('writes nothing with --dry-run=server, and prints what it would write', async () => {
    const world = new CliWorld();
    const list = world.list(TWO);
    const { code, out } = await world.run('sync', ...list, '--dry-run=server');
    expect(code).toBe(0);
    expect(out).toContain('create Service, EndpointSlice, Endpoints');
    expect(out).toContain('3 to create, 0 to update, 0 to delete');
    expect((await world.run('plan', ...list)).code).toBe(1);
  });

  it('connects to the cluster that the flags name', async () => {
    const world = new CliWorld();
    const flags = ['--kubeconfig', 'k', '--context', 'c', '--instance', 'blue', '--state-namespace', 'ops'];
    await world.run('sync', ...world.list(TWO), ...flags);
    expect(world.choices).toEqual([
      { kubeconfig: 'k', context: 'c', instance: 'blue', stateNamespace: 'ops' },
    ]);
    expect(world.client.requests).toContain(
      'GET /api/v1/namespaces/ops/configmaps/external-endpoints-state-blue',
    );
  });

  it('exits with 4 and prints one line when no cluster is configured, or it does not answer', async () => {
    const world = new CliWorld();
    const list = world.list(TWO);
    world.client.fault = () => 'refused';
    expect(await world.run('sync', ...list)).toEqual({
      code: 4,
      out: '',
      err: 'test at memory: Unreachable: connect ECONNREFUSED\n',
    });
    world.noCluster = 'kubeconfig k cannot be read: ENOENT';
    expect(await world.run('sync', ...list)).toEqual({
      code: 4,
      out: '',
      err: 'kubeconfig k cannot be read: ENOENT\n',
    });
  });

  it('exits with 4 when --timeout is over', async () => {
    const world = new CliWorld();
    world.client.fault = () => 'hangs';
    expect(await world.run('sync', ...world.list(TWO), '--timeout', '5s')).toEqual({
      code: 4,
      out: '',
      err: 'test at memory: Timeout: the pass did not end within 5 s (--timeout)\n',
    });
    expect(world.clock.sleeping).toBe(0);
  });

  it('exits with 130 when it is interrupted', async () => {
    const world = new CliWorld();
    world.client.fault = () => {
      world.interruption.abort(new Error('received SIGINT'));
      return 'hangs';
    };
    expect(await world.run('sync', ...world.list(TWO))).toEqual({
      code: 130,
      out: '',
      err: 'sync: interrupted; the next sync completes the remaining changes\n',
    });
    expect(world.clock.sleeping).toBe(0);
  });

  it('exits with 2 when the list has errors, and does not connect to a cluster', async () => {
    const world = new CliWorld();
    const { code, out, err } = await world.run('sync', ...world.list('  - name: db\n'));
    expect([code, out]).toEqual([2, '']);
    expect(err).toMatch(/^targets\.yaml:6:5: targets\[0\]\.endpoints: /);
    expect(err).toContain('InvalidTargetList: 2 problems; nothing was changed');
    expect(world.choices).toEqual([]);
  });

  describe('with its list in a ConfigMap', () => {
    const withList = async (targets: string) => {
      const world = new CliWorld();
      await world.putConfigMap('targets', {
        'targets.yaml': world.textOf(targets),
        'notes.txt': 'no list',
      });
      return world;
    };

    it('publishes the targets of the ConfigMap and of the files', async () => {
      const world = await withList(TWO);
      const file = world.list(
        '  - { name: web, ports: [{ port: 80 }], endpoints: [{ address: 10.0.0.1 }] }\n',
      );
      expect(await world.run('plan', '--configmap', 'default/targets')).toMatchObject({ code: 1, err: '' });
      const { code, err, out } = await world.run(
        'sync',
        ...file,
        '--configmap',
        'default/targets/targets.yaml',
      );
      expect({ code, err }).toEqual({ code: 0, err: '' });
      expect(out).toContain('2 targets: 0 unchanged');
    });

    it.each([
      ['default/targets', 'configmap default/targets[targets.yaml]:7:5: targets[0].endpoints'],
      ['default/other', 'configmap default/other: there is no such ConfigMap'],
      ['default/targets/more.yaml', 'configmap default/targets[more.yaml]: the ConfigMap has no such key'],
      ['default/?list=yes', 'configmap default/?list=yes: no ConfigMap matches'],
    ])('exits with 2 and writes nothing when the list in %s has errors', async (reference, problem) => {
      const world = await withList('\n  - name: db\n');
      const before = world.cluster.server.store.revision;
      const { code, err } = await world.run('sync', '--configmap', reference);
      expect(code).toBe(2);
      expect(err).toContain(problem);
      expect(err).toContain('nothing was changed');
      expect(world.cluster.server.store.revision).toBe(before);
    });

    it('exits with 4 within --timeout when the ConfigMap cannot be read', async () => {
      const world = await withList(TWO);
      world.client.fault = () => 'forbidden';
      const refused = await world.run('sync', '--configmap', 'default/targets');
      expect(refused.code).toBe(4);
      expect(refused.err).toMatch(/^test at memory: Forbidden: configmap default\/targets: /);
      world.client.fault = () => 'hangs';
      const startedMs = world.clock.monotonicNow();
      const silent = await world.run('sync', '--configmap', 'default/targets', '--timeout', '5s');
      expect(silent).toMatchObject({ code: 4, out: '' });
      expect(silent.err).toBe('test at memory: Timeout: the pass did not end within 5 s (--timeout)\n');
      expect(world.clock.monotonicNow() - startedMs).toBeLessThanOrEqual(5_000);
      expect(world.clock.sleeping).toBe(0);
    });
  });
});

describe('plan', () => {
  it('shows the changes of sync as a diff and exits with 1; exits with 0 after sync', async () => {
    const world = new CliWorld();
    const list = world.list(TWO);
    const before = await world.run('plan', ...list);
    expect(before).toMatchObject({ code: 1, err: '' });
    expect(before.out).toContain('+ create EndpointSlice default/db-ipv4-0 (Missing)\n  + metadata:\n');
    expect(world.client.requests.filter((request) => !request.startsWith('GET '))).toEqual([]);
    await world.run('sync', ...list);
    const after = await world.run('plan', ...list);
    expect(after.code).toBe(0);
    expect(after.out).toMatch(/^TARGET/);
  });

  it('shows why and until when an address that left DNS is held', async () => {
    const world = new CliWorld();
    world.dns.zone.set('db.example.test', [address('10.0.0.1')]);
    const list = world.list(
      '  - { name: db, ports: [{ port: 5432 }], endpoints: [{ host: db.example.test }, { address: 10.0.0.2 }] }\n',
    );
    await world.run('sync', ...list);
    const serve = servingZones(world.dns.zone);
    await world.clock.advance(120_000);
    world.dns.network.set(SERVER, answering('SERVFAIL'));
    const failing = await world.run('plan', ...list);
    expect(failing.out).toMatch(
      /10\.0\.0\.1 +ready +Connected; held \(ServerFailure: db\.example\.test A: 10\.0\.0\.53:53: answers SERVFAIL\)/,
    );
    await world.clock.advance(120_000);
    world.dns.network.set(SERVER, serve);
    world.dns.zone.set('db.example.test', []);
    const gone = await world.run('plan', ...list);
    expect(gone.out).toMatch(
      /10\.0\.0\.1 +ready +Connected; held until \d{4}-\S+Z \(NameNotFound: db\.example\.test does not exist\)/,
    );
    expect([failing.code, gone.code]).toEqual([0, 0]);
  });

  it('shows only the changed fields of an object', async () => {
    const world = new CliWorld();
    const list = world.list(TWO);
    await world.run('sync', ...list);
    world.network.set('10.0.0.2:5432', { does: 'fail', code: 'ECONNREFUSED' });
    const { code, out } = await world.run('plan', ...list);
    expect(code).toBe(1);
    const [slice = ''] = out.split('\n\n');
    expect(slice).toMatch(/^~ update EndpointSlice default\/db-ipv4-0 \(EndpointsChanged\)\n {3}…/);
    expect(slice.split('\n').filter((line) => /^ {2}[+-] /.test(line))).toEqual([
      '  -      ready: true',
      '  -      serving: true',
      '  +      ready: false',
      '  +      serving: false',
    ]);
  });

  it('exits with 3 when nothing would change but a target is in trouble', async () => {
    const world = new CliWorld();
    for (const backend of ['10.0.0.1:5432', '10.0.0.2:5432']) {
      world.network.set(backend, { does: 'fail', code: 'ECONNREFUSED' });
    }
    const list = world.list(TWO);
    await world.run('sync', ...list);
    expect((await world.run('plan', ...list)).code).toBe(3);
  });

  it('sync deletes no more than guards.maxDeletes allows, unless --allow-mass-delete is set', async () => {
    const world = new CliWorld();
    const three = ['a', 'b', 'c'].map(
      (name) => `  - { name: ${name}, ports: [{ port: 1 }], endpoints: [{ address: 10.0.0.1 }] }\n`,
    );
    await world.run('sync', ...world.list(three.join('')));
    const one = world.list(three[0] ?? '');
    const guarded = await world.run('sync', ...one);
    expect(guarded.code).toBe(3);
    expect(guarded.out).toContain('Refused (MassDeletion)');
    const allowed = await world.run('sync', ...one, '--allow-mass-delete');
    expect(allowed).toMatchObject({ code: 0 });
    expect(allowed.out).toMatch(/default\/b +- +Deleted +NotInList .* deleted Service/);
  });
});

describe('two lists of one instance', () => {
  const TARGET = (name: string, more = '') =>
    `  - { name: ${name}, ports: [{ port: 1 }], endpoints: [{ address: 10.0.0.1 }]${more} }\n`;

  /** A list of that name, or without a name; returns the flags for it. */
  function listIn(world: CliWorld, name: string | undefined, ...targets: readonly string[]): string[] {
    const text = world.textOf(targets.join(''));
    const metadata = 'metadata: { name: world }\n';
    const file = `${name ?? 'unnamed'}.yaml`;
    world.files.set(file, text.replace(metadata, name === undefined ? '' : metadata.replace('world', name)));
    return ['--config', file];
  }

  it('delete nothing of each other, and say what they keep', async () => {
    const world = new CliWorld();
    await world.run('sync', ...listIn(world, 'a', TARGET('a1'), TARGET('a2')));
    const b = await world.run('sync', ...listIn(world, 'b', TARGET('b1')));
    expect(b.code).toBe(0);
    expect(b.out).toContain('default/a1, default/a2: Kept (ListMissing): the list "a" published it');
    const a = await world.run('sync', ...listIn(world, 'a', TARGET('a1')));
    expect(a.out).toMatch(/default\/a2 +- +Deleted +NotInList/);
    expect(await world.services()).toEqual(['a1', 'b1']);
  });

  it('without a name delete nothing at all', async () => {
    const world = new CliWorld();
    await world.run('sync', ...listIn(world, undefined, TARGET('a1'), TARGET('a2')));
    const { code, out } = await world.run('sync', ...listIn(world, undefined, TARGET('a1')));
    expect(code).toBe(0);
    expect(out).toContain('default/a2: Kept (ListUnnamed): a list without a name published it');
    expect(await world.services()).toEqual(['a1', 'a2']);
  });

  it('leave each other their targets, unless adoption is asked for; then it moves, and is let go', async () => {
    const world = new CliWorld();
    await world.run('sync', ...listIn(world, 'a', TARGET('a1'), TARGET('shared')));
    const refused = await world.run('sync', ...listIn(world, 'b', TARGET('b1'), TARGET('shared')));
    expect(refused.code).toBe(3);
    expect(refused.out).toContain('default/shared: Refused (OwnedByOtherList): the list "a" published');
    const moving = listIn(world, 'b', TARGET('b1'), TARGET('shared', ', adopt: true'));
    expect(await world.run('sync', ...moving)).toMatchObject({ code: 0 });
    expect(await world.run('plan', ...moving)).toMatchObject({ code: 0 });
    const left = await world.run('sync', ...listIn(world, 'a', TARGET('a1')));
    expect(left.out).toContain('default/shared: Kept (ListMissing): the list "b" published it');
    expect(await world.services()).toEqual(['a1', 'b1', 'shared']);
  });

  it('in one process may exchange targets', async () => {
    const world = new CliWorld();
    const [a, b] = [listIn(world, 'a', TARGET('a1'), TARGET('moves')), listIn(world, 'b', TARGET('b1'))];
    expect(await world.run('sync', ...a, ...b)).toMatchObject({ code: 0 });
    listIn(world, 'a', TARGET('a1'));
    listIn(world, 'b', TARGET('b1'), TARGET('moves'));
    const moved = await world.run('sync', ...a, ...b);
    expect(moved).toMatchObject({ code: 0 });
    expect(moved.out).toContain('0 deleted');
    listIn(world, 'b', TARGET('b1'));
    expect((await world.run('sync', ...a, ...b)).out).toMatch(/default\/moves +- +Deleted/);
  });

  it('are one list with --list-name, whatever they say themselves', async () => {
    const world = new CliWorld();
    const [a, b] = [listIn(world, 'a', TARGET('a1')), listIn(world, undefined, TARGET('b1'))];
    await world.run('sync', ...a, ...b, '--list-name', 'both');
    const { out } = await world.run('sync', ...a, '--list-name', 'both');
    expect(out).toMatch(/default\/b1 +- +Deleted/);
  });

  it('that name nothing of what was published delete it only with --prune-list, within maxDeletes', async () => {
    const world = new CliWorld();
    await world.run('sync', ...listIn(world, 'a', TARGET('a1')));
    const replaced = listIn(world, 'a', TARGET('other'));
    const held = await world.run('plan', ...replaced, '--allow-mass-delete');
    expect(held.out).toContain('default/a1: Refused (ListReplaced)');
    const bounded = await world.run('plan', ...replaced, '--prune-list', 'a');
    expect(bounded.out).toContain('default/a1: Refused (MassDeletion)');
    const allowed = await world.run('sync', ...replaced, '--prune-list', 'a', '--allow-mass-delete');
    expect(allowed.out).toMatch(/default\/a1 +- +Deleted/);
  });

  it('in ConfigMaps have the reference for their name, whatever is written inside', async () => {
    const world = new CliWorld();
    const put = (name: string, ...targets: readonly string[]) =>
      world.putConfigMap(name, { 'list.yaml': world.textOf(targets.join('')) });
    await put('one', TARGET('a1'), TARGET('a2'));
    await put('two', TARGET('b1'));
    await world.run('sync', '--configmap', 'default/one');
    const two = await world.run('sync', '--configmap', 'default/two');
    expect(two.out).toContain('Kept (ListMissing): the list "default/one" published it');
    await put('one', TARGET('a1'));
    const one = await world.run('sync', '--configmap', 'default/one');
    expect(one.out).toMatch(/default\/a2 +- +Deleted/);
  });

  it('keep their saved states beside each other', async () => {
    const world = new CliWorld();
    const [a, b] = [listIn(world, 'a', TARGET('a1')), listIn(world, 'b', TARGET('b1'))];
    await world.run('sync', ...a);
    await world.run('sync', ...b);
    const before = world.cluster.server.store.revision;
    await world.run('sync', ...a);
    await world.run('sync', ...b);
    expect(world.cluster.server.store.revision).toBe(before);
  });
});

describe('check', () => {
  it('needs no cluster and reports every address; exits with 3 when a target has no ready address', async () => {
    const world = new CliWorld();
    world.dns.zone.set('db.example.test', [address('10.0.0.1'), address('10.0.0.2')]);
    world.network.set('10.0.0.2:5432', { does: 'fail', code: 'EHOSTUNREACH' });
    const list = world.list(
      '  - { name: db, ports: [{ port: 5432 }], endpoints: [{ host: db.example.test }] }\n',
    );
    const some = await world.run('check', ...list);
    expect(some).toMatchObject({ code: 0, err: '' });
    expect(some.out).toMatch(/default\/db +10\.0\.0\.1 +ready +Connected +0 ms +host db\.example\.test\n/);
    expect(some.out).toMatch(/10\.0\.0\.2 +not ready +HostUnreachable: connect EHOSTUNREACH/);
    expect(some.out).toMatch(/\n1 target, 1 of 2 addresses ready \(\d+ ms\)\n$/);
    expect(some.out).not.toContain('WRITTEN');
    world.network.set('10.0.0.1:5432', { does: 'fail', code: 'ECONNREFUSED' });
    expect((await world.run('check', ...list)).code).toBe(3);
    expect(world.choices).toEqual([]);
  });

  it('reports names without an address even when other names of the target have some', async () => {
    const world = new CliWorld();
    world.dns.zone.set('db.example.test', [address('10.0.0.1'), address('fd00::1')]);
    world.dns.zone.set('_pg._tcp.example.test', [
      srv('db.example.test', 5432),
      srv('gone.example.test', 5432),
    ]);
    const list = world.list(`  - { name: whole, ports: [{ port: 1 }], endpoints: [{ host: db.example.test }] }
  - { name: typo, ports: [{ port: 1 }], endpoints: [{ host: bd.example.test }, { host: db.example.test }] }
  - { name: service, ports: [{ port: 1 }], endpoints: [{ srv: _pg._tcp.example.test }] }
`);
    const { code, out } = await world.run('check', ...list);
    expect(code).toBe(0);
    expect(out.split('\n').filter((line) => line.startsWith('default/') && line.includes(':'))).toEqual([
      'default/typo: Published (NameUnresolved): host bd.example.test: NameNotFound: bd.example.test does not exist; 2 of 2 addresses ready',
      'default/service: Published (NameUnresolved): srv _pg._tcp.example.test: NameNotFound: gone.example.test does not exist; 2 of 2 addresses ready',
    ]);
    const json = JSON.parse((await world.run('check', ...list, '-o', 'json')).out);
    // Without a cluster the families of the Service are unknown, so both addresses count.
    expect(json.targets[0]).toMatchObject({ phase: 'Published', reason: 'AllReady' });
  });

  it('does not mention sync when it is interrupted', async () => {
    const world = new CliWorld();
    world.network.set('10.0.0.1:5432', { does: 'swallow' });
    world.interruption.abort(new Error('received SIGTERM'));
    expect(await world.run('check', ...world.list(TWO))).toEqual({
      code: 130,
      out: '',
      err: 'check: interrupted\n',
    });
  });

  it('prints JSON', async () => {
    const world = new CliWorld();
    const { out } = await world.run('check', ...world.list(TWO), '-o', 'json');
    expect(JSON.parse(out)).toMatchObject({ summary: { targets: 1 }, targets: [{ endpoints: [{}, {}] }] });
  });
});

describe('render', () => {
  it('prints manifests as YAML documents, or as one JSON List', async () => {
    const world = new CliWorld();
    const list = world.list(TWO);
    const yaml = await world.run('render', ...list);
    expect(yaml).toMatchObject({ code: 0, err: '' });
    expect(parseAllDocuments(yaml.out).map((each) => each.toJS().kind)).toEqual([
      'Service',
      'EndpointSlice',
      'Endpoints',
    ]);
    const json = await world.run('render', ...list, '-o', 'json');
    expect(JSON.parse(json.out)).toMatchObject({ kind: 'List', apiVersion: 'v1', items: [{}, {}, {}] });
  });

  it('prints trouble on stderr and exits with 3', async () => {
    const world = new CliWorld();
    const { code, out, err } = await world.run(
      'render',
      ...world.list('  - { name: db, ports: [{ port: 1 }], endpoints: [{ host: no.example.test }] }\n'),
    );
    expect(code).toBe(3);
    expect(out).toContain('kind: Service');
    expect(err).toContain('default/db: NotReady (NameNotFound): ');
  });
});

describe('validate', () => {
  it('counts the targets of a valid list', async () => {
    const world = new CliWorld();
    expect(await world.run('validate', ...world.list(TWO))).toEqual({
      code: 0,
      out: 'valid: 1 target\n',
      err: '',
    });
  });

  it('prints problems as text on stderr, or as JSON on stdout, and exits with 2', async () => {
    const world = new CliWorld();
    const list = world.list('  - { name: db, ports: [{ port: 0 }], endpoint: [] }\n');
    const text = await world.run('validate', ...list);
    expect(text).toMatchObject({ code: 2, out: '' });
    expect(text.err).toContain('did you mean endpoints?');
    const json = await world.run('validate', ...list, '-o', 'json');
    expect(json).toMatchObject({ code: 2, err: '' });
    expect(JSON.parse(json.out)).toMatchObject({
      valid: false,
      reason: 'InvalidTargetList',
      problems: expect.arrayContaining([
        expect.objectContaining({ source: 'targets.yaml', line: 6, path: 'targets[0].ports[0].port' }),
      ]),
    });
  });

  it('reports a missing file', async () => {
    const { code, err } = await new CliWorld().run('validate', '-c', 'nothing.yaml');
    expect(code).toBe(2);
    expect(err).toContain('nothing.yaml: there is no such file or directory');
  });
});

describe('schema and version', () => {
  it('print the JSON Schema and the version', async () => {
    const world = new CliWorld();
    const schema = await world.run('schema');
    expect(JSON.parse(schema.out)).toMatchObject({ type: 'object', properties: { targets: {} } });
    expect((await world.run('version')).out).toBe('external-endpoints 1.2.3 (Node.js 24.0.0)\n');
    expect((await world.run('--version')).out).toBe('1.2.3\n');
    expect(JSON.parse((await world.run('version', '-o', 'json')).out)).toEqual({
      version: '1.2.3',
      nodeVersion: '24.0.0',
    });
  });
});

describe('terminal output', () => {
  const PERSON = { isTerminal: true, colors: true, columns: 200 };

  it('has colours and a progress line that is erased at the end; a pipe has neither', async () => {
    const world = new CliWorld(PERSON);
    const { out, err } = await world.run('sync', ...world.list(TWO));
    expect(out).toContain('\u001b[32mready\u001b[39m');
    expect(err).toContain('checking ████████████████████ 2/2');
    expect(err).toContain('writing ████████████████████ 1/1');
    expect(err.endsWith('\r\u001b[2K')).toBe(true);
    const pipe = new CliWorld();
    const piped = await pipe.run('sync', ...pipe.list(TWO));
    expect(piped.code).toBe(0);
    expect(piped.out + piped.err).not.toContain('\u001b');
  });

  it('has no progress line when colours are off', async () => {
    const world = new CliWorld({ ...PERSON, colors: false });
    const { out, err } = await world.run('sync', ...world.list(TWO));
    expect(out + err).not.toContain('\u001b');
  });

  it('erases the progress line when a command is interrupted', async () => {
    const world = new CliWorld(PERSON);
    world.network.set('10.0.0.1:5432', { does: 'swallow' });
    const list = world.list(TWO);
    setImmediate(() => world.interruption.abort(new Error('received SIGINT')));
    const { code, err } = await world.run('check', ...list);
    expect(code).toBe(130);
    expect(err.endsWith('check: interrupted\n')).toBe(true);
  });
});
