import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** A listener in another process, so that its CPU time and its sockets are not the test's. */
export class ListenerProcess implements AsyncDisposable {
  readonly port: number;
  readonly #child: ChildProcess;
  readonly #waiting: Socket[] = [];

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** Takes every connection on any address of this host. */
  static async sink(): Promise<ListenerProcess> {
    return ListenerProcess.#start('tcp-sink.ts');
  }

  /** Its backlog is full and its process is stopped: SYNs to its port are dropped, on any address of this host. */
  static async full(): Promise<ListenerProcess> {
    const listener = await ListenerProcess.#start('silent-listener.ts');
    listener.#child.kill('SIGSTOP');
    // Linux takes one connection more than the backlog of 1 says.
    for (let taken = 0; taken < 2; taken += 1) {
      const socket = connect(listener.port, '127.0.0.1');
      listener.#waiting.push(socket);
      await once(socket, 'connect');
    }
    return listener;
  }

  static async #start(program: string): Promise<ListenerProcess> {
    const path = fileURLToPath(new URL(`../programs/${program}`, import.meta.url));
    const child = spawn(process.execPath, [path], { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    return new ListenerProcess(child, Number(line));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#waiting) socket.destroy();
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await ended;
  }
}
