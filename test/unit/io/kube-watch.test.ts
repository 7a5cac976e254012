import { describe, expect, it } from 'vitest';
import type { WatchEvent } from '../../../src/cluster/object-store.ts';
import { readWatchEvents } from '../../../src/io/kube-watch.ts';

const never = new AbortController().signal;

const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'größe', resourceVersion: '7' } };

function line(type: string, object: object): string {
  return `${JSON.stringify({ type, object })}\n`;
}

async function read(texts: readonly (string | Uint8Array | Error)[]): Promise<WatchEvent[]> {
  const events: WatchEvent[] = [];
  for await (const event of readWatchEvents({ ok: true, chunks: chunksOf(texts) }, never)) events.push(event);
  return events;
}

async function* chunksOf(texts: readonly (string | Uint8Array | Error)[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) {
    if (text instanceof Error) throw text;
    yield typeof text === 'string' ? Buffer.from(text) : text;
  }
}

describe('readWatchEvents', () => {
  it('reads events in any division of their bytes', async () => {
    const text = Buffer.from(
      line('ADDED', service) + line('BOOKMARK', { metadata: { resourceVersion: '9' } }),
    );
    const expected = [
      { type: 'ADDED', object: service },
      { type: 'BOOKMARK', resourceVersion: '9' },
    ];
    for (const size of [1, 2, 3, 7, text.length]) {
      const chunks = Array.from({ length: Math.ceil(text.length / size) }, (_, at) =>
        text.subarray(at * size, (at + 1) * size),
      );
      expect(await read(chunks)).toEqual(expected);
    }
  });

  it('drops an incomplete line', async () => {
    expect(await read([line('DELETED', service), '{"type":"ADDED","obj'])).toEqual([
      { type: 'DELETED', object: service },
    ]);
  });

  it('yields an ERROR event as a failure, and ends', async () => {
    const status = {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: 'too old resource version: 1 (2)',
      reason: 'Expired',
      code: 410,
    };
    expect(await read([line('ERROR', status), line('ADDED', service)])).toMatchObject([
      { type: 'FAILED', failure: { reason: 'Expired', httpStatus: 410, message: status.message } },
    ]);
  });

  it.each(['<html>Bad Gateway</html>\n', '{}\n', '{"type":"ADDED"}\n', 'null\n', line('OTHER', service)])(
    'yields a failure for %j',
    async (text) => {
      expect(await read([text])).toMatchObject([{ type: 'FAILED', failure: { reason: 'ServerError' } }]);
    },
  );

  it('yields a failure for a line without an end', async () => {
    const megabyte = Buffer.alloc(1024 * 1024, 'x');
    const events = await read(Array.from({ length: 20 }, () => megabyte));
    expect(events).toMatchObject([{ type: 'FAILED', failure: { reason: 'ServerError' } }]);
  });

  it('yields a failure for a broken connection', async () => {
    const reset = Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' });
    expect(await read([line('ADDED', service), reset])).toMatchObject([
      { type: 'ADDED' },
      { type: 'FAILED', failure: { reason: 'Unreachable', outcomeUnknown: false } },
    ]);
  });

  it('distinguishes silence from a broken connection', async () => {
    const silence = Object.assign(new Error('Body Timeout Error'), { code: 'UND_ERR_BODY_TIMEOUT' });
    expect(await read([silence])).toMatchObject([
      { type: 'FAILED', failure: { reason: 'Timeout', httpStatus: 0 } },
    ]);
  });

  it('rejects with the reason of its signal', async () => {
    const stop = new AbortController();
    const reason = new Error('stop');
    stop.abort(reason);
    const stream = { ok: true, chunks: chunksOf([new Error('aborted')]) } as const;
    const events = readWatchEvents(stream, stop.signal);
    await expect(events.next()).rejects.toBe(reason);
  });
});
