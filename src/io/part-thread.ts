import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import type { SourcePart } from '../config/source.ts';
import { partOf } from '../config/target-list.ts';
import type { Declaration, PartTarget, TargetListPart } from '../config/target-list-part.ts';
import { onAbort } from '../time/on-abort.ts';

/**
 * A kibibyte of YAML takes about a millisecond to read (measured: 2.2 MB with 10,000 targets take 2.4 s). Up to this
 * size that delays nothing; the start of a thread takes a quarter of a second.
 */
const INLINE_CHARACTERS = 64 * 1024;

/** Targets per message from the thread: a few milliseconds in one turn of the loop. */
const TARGETS_A_TURN = 500;

type ReadablePart = Extract<SourcePart, { ok: true }>;

interface ThreadTask {
  readonly task: 'read a part';
  readonly part: ReadablePart;
}

type Page =
  | { readonly targets: readonly PartTarget[]; readonly declarations: readonly Declaration[] }
  | { readonly rest: Omit<TargetListPart, 'targets' | 'declarations'> };

/**
 * Reads a part without blocking the event loop: a short text at once, a long one in a thread of its own. If the thread
 * fails, for lack of memory for instance, the part cannot be read, and its last good version stays active.
 *
 * @param entry the file that calls {@link serveThread} when it is started as a thread.
 */
export async function readPartAside(
  entry: URL,
  part: SourcePart,
  signal: AbortSignal,
): Promise<TargetListPart> {
  if (part.ok && part.text.length > INLINE_CHARACTERS) return readInThread(entry, part, signal);
  // Each short part gets a turn of the event loop.
  await new Promise((resolve) => setImmediate(resolve));
  signal.throwIfAborted();
  return partOf(part);
}

async function readInThread(entry: URL, part: ReadablePart, signal: AbortSignal): Promise<TargetListPart> {
  const workerData: ThreadTask = { task: 'read a part', part };
  const thread = new Worker(entry, { workerData });
  const stop = new AbortController();
  const leave = onAbort(signal, () => stop.abort(signal.reason));
  thread.once('error', (error) => stop.abort(error));
  thread.once('exit', () => stop.abort(new Error('it ended without a result')));
  try {
    const targets: PartTarget[] = [];
    const declarations: Declaration[] = [];
    for (;;) {
      const [page] = (await once(thread, 'message', { signal: stop.signal })) as [Page];
      if ('rest' in page) return { ...page.rest, targets, declarations };
      for (const each of page.targets) targets.push(each);
      for (const each of page.declarations) declarations.push(each);
      thread.postMessage('next');
    }
  } catch {
    signal.throwIfAborted();
    const { message } = stop.signal.reason as Error;
    return partOf({
      ok: false,
      source: part.source,
      reason: 'Unreadable',
      message: `the thread that reads it failed: ${message}`,
    });
  } finally {
    leave();
    await thread.terminate();
  }
}

/** Whether this is a thread that reads a part, and not the process itself. */
export function isPartThread(): boolean {
  return !isMainThread && (workerData as Partial<ThreadTask> | null)?.task === 'read a part';
}

/** The work of the thread: it reads the part and sends it in pages, because a message is decoded in one step. */
export async function serveThread(): Promise<void> {
  const port = parentPort;
  if (port === null) throw new Error('this is not a thread');
  const { targets, declarations, ...rest } = partOf((workerData as ThreadTask).part);
  for (let at = 0; at < Math.max(targets.length, declarations.length); at += TARGETS_A_TURN) {
    const taken = once(port, 'message');
    post({
      targets: targets.slice(at, at + TARGETS_A_TURN),
      declarations: declarations.slice(at, at + TARGETS_A_TURN),
    });
    await taken;
  }
  post({ rest });

  function post(page: Page): void {
    port?.postMessage(page);
  }
}
