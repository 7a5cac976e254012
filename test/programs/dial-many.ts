import { systemClock } from '../../src/io/system-clock.ts';
import { TcpDialer } from '../../src/io/tcp-dialer.ts';
import { parseIpAddress } from '../../src/model/ip-address.ts';

// A program to run where a resource is scarce: dials `COUNT` times at once, keeps every connection until the last one has
// its result, and prints the codes of those that failed.
const [address = '', port, count] = process.argv.slice(2);
const parsed = parseIpAddress(address);
if (parsed === undefined) throw new Error(`not an address: ${address}`);
const dialer = new TcpDialer(systemClock);
const never = new AbortController().signal;
const dials = Array.from({ length: Number(count) }, () =>
  dialer.dial({ address: parsed, port: Number(port) }, never),
);
const results = await Promise.all(dials);
const codes = results.flatMap((result) => (result.connected ? [] : [result.fault.code]));
for (const result of results) if (result.connected) result.connection.close();
process.stdout.write(`${JSON.stringify(codes)}\n`);
