import type * as z from 'zod';
import type { ExchangeSettings } from '../model/target.ts';
import { bytesFrom, expectationFrom, hexPayload, pattern, textPayload } from './expectation.ts';
import { section } from './field.ts';
import { type Rivals, reportRivals } from './rivals.ts';

export const exchangeSchema = section(
  {
    send: textPayload('What is sent after connecting.').optional(),
    sendHex: hexPayload('The same for bytes that are no text.').optional(),
    expect: textPayload('What must occur in the answer, of which at most 16 KiB are read.').optional(),
    expectHex: hexPayload('The same for bytes that are no text.').optional(),
    expectPattern: pattern(
      'What must match somewhere in the answer, read as Latin-1; `.` matches line ends too.',
    ).optional(),
  },
  {
    id: 'TcpCheck',
    description: 'For `type: tcp`: what is said on the connection, and what is to come back.',
  },
).superRefine((written, context) => reportRivals(written, EXCHANGE_RIVALS, context));

export type WrittenExchange = z.infer<typeof exchangeSchema>;

export const EXCHANGE_RIVALS: Rivals<WrittenExchange> = [
  ['send', 'sendHex'],
  ['expect', 'expectHex'],
  ['expect', 'expectPattern'],
  ['expectHex', 'expectPattern'],
];

/** Empty when nothing is to be said nor expected. */
export function exchangeFrom(written: WrittenExchange | undefined): ExchangeSettings {
  const send = bytesFrom({ text: written?.send, hex: written?.sendHex });
  const expect = expectationFrom({
    text: written?.expect,
    hex: written?.expectHex,
    pattern: written?.expectPattern,
  });
  return { ...(send === undefined ? {} : { send }), ...(expect === undefined ? {} : { expect }) };
}
