import fc from 'fast-check';
import { expect, it } from 'vitest';
import { bodyOf, headOf } from '../../src/health/http-response.ts';

it('never throws, whatever a backend sends', () => {
  const beginning = fc.constantFrom(
    '',
    'HTTP/1.1 200 OK\r\n',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
  );
  fc.assert(
    fc.property(beginning, fc.uint8Array({ maxLength: 300 }), (text, bytes) => {
      const received = Buffer.concat([Buffer.from(text), bytes]);
      const head = headOf(received);
      if (typeof head === 'string') return;
      const body = bodyOf(received, head);
      expect(body === undefined || body.bytes.length <= received.length).toBe(true);
    }),
    { numRuns: 1_000 },
  );
});

it('reads the same from any prefix as soon as it is enough, and is never sure too early', () => {
  const chunks = fc.array(fc.uint8Array({ minLength: 1, maxLength: 20 }), { maxLength: 5 });
  fc.assert(
    fc.property(chunks, fc.double({ min: 0, max: 1, noNaN: true }), (parts, share) => {
      const encoded = parts.map((part) =>
        Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')]),
      );
      const head = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n';
      const whole = Buffer.concat([Buffer.from(head), ...encoded, Buffer.from('0\r\n\r\n')]);
      const body = Buffer.concat(parts);
      const prefix = whole.subarray(0, Math.floor(whole.length * share));
      const read = headOf(prefix);
      if (typeof read === 'string') {
        expect(read).toBe('Incomplete');
        return;
      }
      const soFar = bodyOf(prefix, read);
      expect(soFar?.bytes).toEqual(body.subarray(0, soFar?.bytes.length ?? 0));
      if (soFar?.complete === true) expect(soFar.bytes).toEqual(body);
      const all = headOf(whole);
      expect(typeof all === 'string' ? all : bodyOf(whole, all)).toEqual({ bytes: body, complete: true });
    }),
    { numRuns: 500 },
  );
});
