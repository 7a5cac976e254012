import { describe, expect, it } from 'vitest';
import { DEFAULT_TIMINGS } from '../../../src/cluster/election-timings.ts';
import { LeaderElection } from '../../../src/cluster/leader-election.ts';
import type { LeaseObject } from '../../../src/cluster/lease.ts';
import { type InMemoryClient, InMemoryCluster } from '../../support/in-memory-cluster.ts';
import { ManualClock } from '../../support/manual-clock.ts';
import { seededRandom } from '../../support/seeded-random.ts';

const LEASE = { namespace: 'default', name: 'external-endpoints-default' };
const never = new AbortController().signal;

interface Candidate {
  readonly name: string;
  readonly client: InMemoryClient;
  readonly election: LeaderElection;
  readonly changes: boolean[];
  readonly troubles: string[];
  readonly leadersSeen: string[];
  stop(): Promise<void>;
  /** Like kill -9: nothing more is sent, and the lease is not released. */
  kill(): Promise<void>;
}

/** Candidates for one lease, and a check after every step that no two of them lead. */
class Room {
  readonly clock = new ManualClock();
  readonly cluster = new InMemoryCluster(this.clock);
  readonly candidates: Candidate[] = [];

  enter(name: string): Candidate {
    const client = this.cluster.newClient();
    const changes: boolean[] = [];
    const troubles: string[] = [];
    const leadersSeen: string[] = [];
    const election = new LeaderElection(
      { store: client.store, clock: this.clock, random: seededRandom(this.candidates.length + 1) },
      {
        lease: LEASE,
        labels: {},
        identity: name,
        timings: DEFAULT_TIMINGS,
        onChange: (leading) => changes.push(leading),
        onNewLeader: (identity) => leadersSeen.push(identity),
        lists: () => undefined,
        onLease: () => undefined,
        onTrouble: ({ reason }) => troubles.push(reason),
      },
    );
    const end = new AbortController();
    const done = election.run(end.signal);
    const stop = async () => {
      end.abort(new Error('stop'));
      await this.clock.advanceUntil(done);
    };
    const kill = async () => {
      client.fault = () => 'hangs';
      client.cut();
      await stop();
    };
    const candidate = { name, client, election, changes, troubles, leadersSeen, stop, kill };
    this.candidates.push(candidate);
    return candidate;
  }

  get leaders(): string[] {
    return this.candidates.filter(({ election }) => election.isLeader()).map(({ name }) => name);
  }

  async pass(durationMs: number): Promise<void> {
    for (let passedMs = 0; passedMs < durationMs; passedMs += 50) {
      await this.clock.advance(50);
      expect(this.leaders.length).toBeLessThanOrEqual(1);
    }
  }

  /** How long it takes until `leader` leads. */
  async timeUntil(leader: Candidate, limitMs: number): Promise<number> {
    const fromMs = this.clock.monotonicNow();
    while (!leader.election.isLeader()) {
      if (this.clock.monotonicNow() - fromMs > limitMs) throw new Error(`${leader.name} does not lead`);
      await this.pass(50);
    }
    return this.clock.monotonicNow() - fromMs;
  }

  async spec(): Promise<NonNullable<LeaseObject['spec']>> {
    const read = await this.cluster.newClient().store.get({ kind: 'Lease', ...LEASE }, never);
    return read.ok ? ((read.value as LeaseObject).spec ?? {}) : {};
  }

  async close(): Promise<void> {
    for (const { stop } of this.candidates) await stop();
    expect(this.clock.sleeping).toBe(0);
    expect(this.cluster.server.watches.count).toBe(0);
  }
}

describe('LeaderElection', () => {
  it('leads alone, renews every two seconds, and releases the lease at the end', async () => {
    const room = new Room();
    const a = room.enter('a');
    await room.pass(100);
    expect(room.leaders).toEqual(['a']);
    const first = await room.spec();
    expect(first).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 15, leaseTransitions: 0 });
    expect(first.renewTime).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/);
    a.client.requests.length = 0;
    await room.pass(60_000);
    expect(new Set(a.client.requests)).toEqual(
      new Set(['PUT /apis/coordination.k8s.io/v1/namespaces/default/leases/external-endpoints-default']),
    );
    expect(a.client.requests).toHaveLength(30);
    const later = await room.spec();
    expect(later.acquireTime).toBe(first.acquireTime);
    expect(Date.parse(later.renewTime ?? '')).toBeGreaterThan(Date.parse(first.renewTime ?? '') + 58_000);
    await a.stop();
    expect(a.changes).toEqual([true, false]);
    expect(await room.spec()).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
    await room.close();
  });

  it('reports each other leader once', async () => {
    const room = new Room();
    const a = room.enter('a');
    await room.pass(100);
    const b = room.enter('b');
    await room.pass(10_000);
    expect([a.leadersSeen, b.leadersSeen]).toEqual([[], ['a']]);
    await a.stop();
    await room.pass(1_000);
    const c = room.enter('c');
    await room.pass(10_000);
    expect([a.leadersSeen, b.leadersSeen, c.leadersSeen]).toEqual([[], ['a'], ['b']]);
    await room.close();
  });

  it('a standby leads at once when the leader releases the lease', async () => {
    const room = new Room();
    const a = room.enter('a');
    await room.pass(1_000);
    const b = room.enter('b');
    await room.pass(60_000);
    expect(room.leaders).toEqual(['a']);
    expect(b.election.holder).toBe('a');
    await a.stop();
    expect(await room.timeUntil(b, 10_000)).toBeLessThanOrEqual(100);
    expect(await room.spec()).toMatchObject({
      holderIdentity: 'b',
      leaseDurationSeconds: 15,
      leaseTransitions: 1,
    });
    await room.close();
  });

  it('a standby sends no request while the watch shows that the leader is alive', async () => {
    const room = new Room();
    room.enter('a');
    await room.pass(1_000);
    const b = room.enter('b');
    await room.pass(5_000);
    b.client.requests.length = 0;
    await room.pass(600_000);
    expect(b.client.requests).toEqual([]);
    await room.close();
  });

  it('a standby without a watch leads within seconds after a release', async () => {
    const room = new Room();
    const a = room.enter('a');
    await room.pass(1_000);
    const b = room.enter('b');
    b.client.fault = ({ path }) => (path.includes('watch=true') ? 'refused' : undefined);
    await room.pass(60_000);
    await a.stop();
    expect(await room.timeUntil(b, 10_000)).toBeLessThanOrEqual(2_000 * 2.2 + 100);
    await room.close();
  });

  it.each([0, 500, 1_000, 1_900])(
    'a standby leads after the leader was killed %i ms after a renewal',
    async (afterMs) => {
      const room = new Room();
      const a = room.enter('a');
      await room.pass(1_000);
      const [b, c] = [room.enter('b'), room.enter('c')];
      await room.pass(20_000);
      const renewals = () => a.client.requests.filter((request) => request.startsWith('PUT')).length;
      const before = renewals();
      while (renewals() === before) await room.pass(50);
      await room.pass(afterMs);
      await a.kill();
      const fromMs = room.clock.monotonicNow();
      while (room.leaders.length === 0) await room.pass(50);
      expect(room.clock.monotonicNow() - fromMs).toBeLessThanOrEqual(DEFAULT_TIMINGS.leaseDurationMs + 100);
      await room.pass(60_000);
      expect([...b.changes, ...c.changes]).toEqual([true]);
      await room.close();
    },
  );

  it('stops leading before another may lead, and leads again if no other did', async () => {
    const room = new Room();
    const a = room.enter('a');
    await room.pass(1_000);
    const lastRenewalMs = room.clock.monotonicNow();
    a.client.fault = () => 'hangs';
    a.client.cut();
    while (a.election.isLeader()) await room.pass(50);
    const heldMs = room.clock.monotonicNow() - lastRenewalMs;
    expect(heldMs).toBeLessThanOrEqual(DEFAULT_TIMINGS.renewDeadlineMs + 2_000);
    expect(heldMs).toBeGreaterThan(DEFAULT_TIMINGS.renewDeadlineMs - 2_100);
    expect(a.changes).toEqual([true, false]);
    expect(new Set(a.troubles)).toEqual(new Set(['Timeout', 'Unreachable']));
    await room.pass(300_000);
    a.client.fault = () => undefined;
    expect(await room.timeUntil(a, 20_000)).toBeLessThanOrEqual(10_000);
    expect(await room.spec()).toMatchObject({ holderIdentity: 'a', leaseTransitions: 0 });
    await room.close();
  });

  it('never has two leaders while the leader has no connection to the server', async () => {
    for (const fault of ['hangs', 'refused', 'answerLost'] as const) {
      const room = new Room();
      const a = room.enter('a');
      await room.pass(1_000);
      const b = room.enter('b');
      await room.pass(7_000);
      a.client.fault = () => fault;
      a.client.cut();
      // A renewal whose answer was lost did succeed: the next one has an old resourceVersion.
      await room.timeUntil(b, fault === 'answerLost' ? 17_100 : 15_100);
      a.client.fault = () => undefined;
      await room.pass(60_000);
      expect(room.leaders).toEqual(['b']);
      await room.close();
    }
  });

  it('stops leading at once when another process has taken the lease', async () => {
    const room = new Room();
    const a = room.enter('a');
    await room.pass(1_000);
    const { store } = room.cluster.newClient();
    const read = await store.get({ kind: 'Lease', ...LEASE }, never);
    if (!read.ok) throw new Error(read.failure.message);
    const lease = read.value as LeaseObject;
    await store.replace(
      { ...lease, spec: { ...lease.spec, holderIdentity: 'thief' } } as LeaseObject,
      { dryRun: false },
      never,
    );
    await room.pass(50);
    expect(a.changes).toEqual([true, false]);
    expect(a.election.holder).toBe('thief');
    await room.pass(14_000);
    expect(room.leaders).toEqual([]);
    await room.pass(2_000);
    expect(room.leaders).toEqual(['a']);
    await room.close();
  });

  it('creates the lease again after it was deleted', async () => {
    const room = new Room();
    const [a, b] = [room.enter('a'), room.enter('b')];
    await room.pass(10_000);
    const { store } = room.cluster.newClient();
    const read = await store.get({ kind: 'Lease', ...LEASE }, never);
    if (!read.ok) throw new Error(read.failure.message);
    const { uid = '', resourceVersion = '' } = read.value.metadata;
    await store.delete({ kind: 'Lease', ...LEASE }, { dryRun: false, uid, resourceVersion }, never);
    await room.clock.advance(50);
    await room.pass(10_000);
    expect(room.leaders).toHaveLength(1);
    const leader = a.election.isLeader() ? a : b;
    expect(await room.spec()).toMatchObject({ holderIdentity: leader.name });
    await room.close();
  });

  it('ignores jumps of the wall clock and the times in the lease', async () => {
    const room = new Room();
    const a = room.enter('a');
    await room.pass(1_000);
    const b = room.enter('b');
    await room.pass(5_000);
    for (const hours of [24 * 365, -48 * 365, 1]) {
      room.clock.jumpWall(hours * 3_600_000);
      await room.pass(30_000);
      expect(room.leaders).toEqual(['a']);
    }
    expect([a.changes, b.changes]).toEqual([[true], []]);
    await room.close();
  });

  it('does not lead after a pause of its process', async () => {
    const room = new Room();
    const a = room.enter('a');
    await room.pass(1_000);
    const b = room.enter('b');
    await room.pass(3_000);
    // The time of the others goes on; the rest of its own deadline is not enough.
    await room.clock.leap(9_990);
    expect(room.leaders.length).toBeLessThanOrEqual(1);
    await room.clock.leap(60_000);
    expect(room.leaders.length).toBeLessThanOrEqual(1);
    await room.pass(30_000);
    expect(room.leaders).toHaveLength(1);
    expect([a.election.isLeader(), b.election.isLeader()].filter(Boolean)).toHaveLength(1);
    await room.close();
  });

  it('keeps at most one leader and elects one again, whatever the network does', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = seededRandom(seed);
      const room = new Room();
      const candidates = ['a', 'b', 'c'].map((name) => room.enter(name));
      for (let round = 0; round < 20; round++) {
        for (const { client } of candidates) {
          const faults = ['refused', 'hangs', 'answerLost', undefined, undefined] as const;
          const fault = faults[random.integer(faults.length)];
          client.fault = () => (random.integer(2) === 0 ? fault : undefined);
          if (random.integer(3) === 0) client.cut();
        }
        await room.pass(random.integer(20_000));
      }
      for (const { client } of candidates) client.fault = () => undefined;
      await room.pass(20_000);
      expect(room.leaders, `seed ${seed}`).toHaveLength(1);
      const changes = candidates.map((each) => each.changes.length);
      await room.pass(60_000);
      expect(candidates.map((each) => each.changes.length)).toEqual(changes);
      await room.close();
    }
  });

  it('rejects timings that cannot work', () => {
    const room = new Room();
    const { store } = room.cluster.newClient();
    const build = (timings: typeof DEFAULT_TIMINGS) => () =>
      new LeaderElection(
        { store, clock: room.clock, random: seededRandom(1) },
        {
          lease: LEASE,
          labels: {},
          identity: 'a',
          timings,
          onChange: () => undefined,
          onNewLeader: () => undefined,
          lists: () => undefined,
          onLease: () => undefined,
          onTrouble: () => undefined,
        },
      );
    expect(build({ ...DEFAULT_TIMINGS, leaseDurationMs: 10_000 })).toThrow('longer than the renew deadline');
    expect(build({ ...DEFAULT_TIMINGS, retryPeriodMs: 9_000 })).toThrow('retry periods');
    expect(build({ ...DEFAULT_TIMINGS, retryPeriodMs: 0 })).toThrow('retry period');
  });
});
