import { runCommandLine } from '../../src/cli/program.ts';
import type { TextOutput } from '../../src/cli/rendering/terminal.ts';
import type { Dialer, DialRequest } from '../../src/health/dialer.ts';
import { proberOver } from '../../src/health/probe.ts';
import { cpuTimeOfProcess, systemClock } from '../../src/io/system-clock.ts';
import { TcpDialer } from '../../src/io/tcp-dialer.ts';
import type { IpAddress } from '../../src/model/ip-address.ts';
import { wire } from '../../src/wiring.ts';

// `external-endpoints ARGS` as a program of its own, but for one thing: a probe of 10.A.B.C connects to 127.A.B.C.
// An API server rejects loopback addresses, and this way nobody needs rights to add others to the machine. It sends
// its parent what it has used so far, when it is asked and when it ends.

/** What a process has used since it started. */
export interface ProcessCost {
  readonly cpuMs: number;
  readonly peakRssMiB: number;
}

const tcp = new TcpDialer(systemClock);
const twin = (request: DialRequest): DialRequest => ({
  ...request,
  address: request.address.replace(/^10\./, '127.') as IpAddress,
});
const dialer: Dialer = {
  dial: (request, signal) => tcp.dial(twin(request), signal),
  reach: (request, signal) => tcp.reach(twin(request), signal),
};

const interruption = new AbortController();
process.once('SIGTERM', () => interruption.abort(new Error('received SIGTERM')));
process.on('message', () => process.send?.(cost()));

const context = wire({
  terminal: { out: outputOn(process.stdout), err: outputOn(process.stderr) },
  stdin: () => process.stdin,
  environment: process.env,
  version: '0.0.0',
  nodeVersion: process.versions.node,
  signal: interruption.signal,
  entry: new URL('../../src/main.ts', import.meta.url),
});
const exitCode = await runCommandLine(process.argv.slice(2), {
  ...context,
  prober: proberOver(dialer, systemClock, cpuTimeOfProcess),
});
await new Promise((resolve) => process.stdout.write('', resolve));
process.send?.(cost(), () => process.exit(exitCode));

function cost(): ProcessCost {
  const { userCPUTime, systemCPUTime, maxRSS } = process.resourceUsage();
  return { cpuMs: Math.round((userCPUTime + systemCPUTime) / 1000), peakRssMiB: Math.round(maxRSS / 1024) };
}

function outputOn(stream: NodeJS.WriteStream): TextOutput {
  return {
    write: (text) => {
      stream.write(text);
    },
    isTerminal: false,
    colors: false,
    columns: undefined,
  };
}
