import packet from 'dns-packet';
import { decodeReply } from '../../src/dns/message.ts';
import { BOMBED_NAMES, DNS_BOMBS } from '../support/dns-bombs.ts';
import { a, question, rawReply, TYPE } from '../support/dns-bytes.ts';

/**
 * The cost of reading one reply: a usual one, and the most expensive ones of at most 16 KiB. The anchor is dns-packet's
 * reader on the same octets, in turns; it checks less. One line of JSON a reply. `node test/bench/dns-replies.ts [--smoke]`.
 */
const IS_SMOKE = process.argv.includes('--smoke');
const ROUNDS = IS_SMOKE ? 1 : 15;
const ROUND_MS = IS_SMOKE ? 1 : 40;

const USUAL = rawReply({
  question: question(BOMBED_NAMES.A, TYPE.A),
  answers: [a('10.0.0.1'), a('10.0.0.2')],
});

measure('two addresses', USUAL);
for (const [name, bomb] of Object.entries(DNS_BOMBS)) measure(name, bomb());

function measure(name: string, reply: Buffer): void {
  const asked = name.includes('services') ? BOMBED_NAMES.SRV : BOMBED_NAMES.A;
  const ours: number[] = [];
  const anchor: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    ours.push(microsEach(() => decodeReply(reply, asked)));
    anchor.push(microsEach(() => decodeWithDnsPacket(reply)));
  }
  console.log(
    JSON.stringify({
      bench: 'dns-replies',
      case: name,
      octets: reply.length,
      microsPerReply: middle(ours),
      anchor: { name: 'dns-packet decode', microsPerReply: middle(anchor) },
      timesAsLong: rounded(middle(ours) / middle(anchor)),
    }),
  );
}

function decodeWithDnsPacket(reply: Buffer): void {
  try {
    packet.decode(reply);
  } catch {
    // It throws on what it cannot read; that counts too.
  }
}

/** CPU time, because other processes run at the same time. */
function microsEach(read: () => void): number {
  const startedAt = performance.now();
  const before = process.cpuUsage();
  let count = 0;
  for (; count === 0 || performance.now() - startedAt < ROUND_MS; count += 1) read();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / count;
}

function middle(numbers: readonly number[]): number {
  return rounded(
    numbers.toSorted((left, right) => left - right)[Math.floor(numbers.length / 2)] ?? Number.NaN,
  );
}

function rounded(value: number): number {
  return Math.round(100 * value) / 100;
}
