import { a, cnameTo, nameOf, question, rawReply, TO_QUESTION, TYPE, uint16, wireName } from './dns-bytes.ts';

/** The names that the bombs answer. */
export const BOMBED_NAMES = { A: 'db.example.test', SRV: '_pg._tcp.example.test' } as const;

/** The most expensive messages of at most 16 KiB that we know. */
export const DNS_BOMBS: Readonly<Record<string, () => Buffer>> = {
  'a thousand names, each along 126 pointers': () => {
    const asked = question(BOMBED_NAMES.A, TYPE.A);
    const start = 12 + asked.length + 11;
    const chain = Buffer.concat([
      wireName('x'),
      ...Array.from({ length: 125 }, (_, index) =>
        uint16(0xc000 + (index === 0 ? start : start + 3 + 2 * (index - 1))),
      ),
    ]);
    const applyQueue = { owner: wireName(), type: TYPE.TXT, data: chain };
    const last = uint16(0xc000 + start + 3 + 2 * 124);
    const records = Array.from({ length: 1_000 }, () => a('10.0.0.1', last));
    return rawReply({ question: asked, answers: [applyQueue, ...records] });
  },
  'names along thousands of pointers, and of thousands of octets': () => {
    const asked = question(BOMBED_NAMES.A, TYPE.A);
    const start = 12 + asked.length + 11;
    // Each label is followed by a pointer to the previous one: the name grows while it is read.
    const steps = Array.from({ length: 1_500 }, (_, index) =>
      Buffer.concat([
        Buffer.of(1, 0x61),
        index === 0 ? Buffer.of(0) : uint16(0xc000 + stepAt(start, index - 1)),
      ]),
    );
    const applyQueue = { owner: wireName(), type: TYPE.TXT, data: Buffer.concat(steps) };
    const last = uint16(0xc000 + stepAt(start, 1_499));
    return rawReply({
      question: asked,
      answers: [applyQueue, ...Array.from({ length: 640 }, () => a('10.0.0.1', last))],
    });
  },
  'hundreds of names of 255 octets that no host has': () => {
    const asked = question(BOMBED_NAMES.A, TYPE.A);
    const long = wireName(...Array.from({ length: 3 }, () => '\0'.repeat(63)), '\0'.repeat(57));
    const first = a('10.0.0.1', long);
    const at = uint16(0xc000 + 12 + asked.length);
    return rawReply({
      question: asked,
      answers: [first, ...Array.from({ length: 990 }, () => a('10.0.0.1', at))],
    });
  },
  'a thousand addresses': () =>
    rawReply({
      question: question(BOMBED_NAMES.A, TYPE.A),
      answers: Array.from({ length: 1_020 }, (_, index) => a(`10.0.${index >> 8}.${index & 255}`)),
    }),
  'as many aliases as fit, each to the next': () => {
    const answers = Array.from({ length: 600 }, (_, index) =>
      cnameTo(`n${index + 1}`, index === 0 ? TO_QUESTION : nameOf(`n${index}`)),
    );
    return rawReply({ question: question(BOMBED_NAMES.A, TYPE.A), answers });
  },
  'hundreds of services beside hundreds of addresses': () => {
    const target = (index: number) => nameOf(`${index.toString(36)}.example.test`);
    const services = Array.from({ length: 250 }, (_, index) => ({
      owner: TO_QUESTION,
      type: TYPE.SRV,
      data: Buffer.concat([uint16(0, 1, 1), target(index)]),
    }));
    const additionals = Array.from({ length: 220 }, (_, index) => a('10.0.0.1', target(index)));
    return rawReply({ question: question(BOMBED_NAMES.SRV, TYPE.SRV), answers: services, additionals });
  },
};

/** Where a step of that chain begins: the first takes three octets, each other four. */
function stepAt(start: number, index: number): number {
  return index === 0 ? start : start + 3 + 4 * (index - 1);
}
