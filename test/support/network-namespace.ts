import { programPath, run } from './real-peer.ts';

/**
 * A network namespace that a pair of interfaces connects to this host; it needs root. Its addresses are a /29 of the range
 * for benchmarks (RFC 2544), numbered by `subnet` (0 to 30).
 */
export class NetworkNamespace implements Disposable {
  readonly name: string;
  /** Is there and answers. */
  readonly peer: string;
  /** Would be at the other end of the cable too, but nobody has it. */
  readonly nobody: string;
  readonly #routes: string[] = [];

  constructor(subnet: number) {
    this.name = `ee-${process.pid}-${subnet}`;
    const base = `198.18.77.${subnet * 8}`.replace(/\d+$/, '');
    const at = (offset: number) => `${base}${subnet * 8 + offset}`;
    this.peer = at(2);
    this.nobody = at(3);
    const [here, there] = [`eeh${subnet}`, `eep${subnet}`];
    run('ip', 'netns', 'add', this.name);
    run('ip', 'link', 'add', here, 'type', 'veth', 'peer', 'name', there, 'netns', this.name);
    run('ip', 'addr', 'add', `${at(1)}/29`, 'dev', here);
    run('ip', 'link', 'set', here, 'up');
    this.inside('ip', 'addr', 'add', `${this.peer}/29`, 'dev', there);
    this.inside('ip', 'link', 'set', there, 'up');
    this.inside('ip', 'link', 'set', 'lo', 'up');
  }

  /** Runs a program within. */
  inside(program: string, ...args: string[]): string {
    // `ip` looks along the PATH alone, where the programs of root often are not.
    return run('ip', 'netns', 'exec', this.name, programPath(program) ?? program, ...args);
  }

  /** From here on packets to the namespace vanish without a word. */
  swallow(): void {
    this.inside(
      'nft',
      'add table inet ee; add chain inet ee in { type filter hook input priority 0; policy drop; }',
    );
  }

  /** A route of this host that leads nowhere: `throw`, `unreachable`, `prohibit` or `blackhole`. */
  addRoute(type: string, address: string): void {
    run('ip', 'route', 'add', type, `${address}/32`);
    this.#routes.push(address);
  }

  [Symbol.dispose](): void {
    for (const address of this.#routes) run('ip', 'route', 'del', `${address}/32`);
    // The cable goes away with its end inside.
    run('ip', 'netns', 'del', this.name);
  }
}
