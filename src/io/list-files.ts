import { createReadStream } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { addAbortSignal, type Readable } from 'node:stream';
import { MAX_LIST_BYTES } from '../config/limits.ts';
import type { SourceFailure, SourcePart, TargetSource } from '../config/source.ts';
import { tooLargeMessage } from '../config/yaml-document.ts';

/** The name of standard input in messages. */
const STDIN = '<stdin>';
/** The `--config` argument for standard input. */
export const STDIN_PATH = '-';
const LIST_FILE = /^[^.].*\.(ya?ml|json)$/;
/** The limit of one directory. */
export const MAX_FILES = 1_000;
/** kubelet changes the target of this link to change all files of a mounted ConfigMap at once. */
const KUBELET_DATA = '..data';
const MAX_SWAPS = 3;

/**
 * The list from `--config` arguments, in their order: files, directories (every `*.yaml`, `*.yml` and `*.json`
 * directly in them, by name, without dot files), and `-` for standard input, which is read once.
 */
export function listFileSource(paths: readonly string[], stdin: () => Readable): TargetSource {
  let fromStdin: Promise<SourcePart> | undefined;
  return {
    read: async (signal) => {
      const parts: SourcePart[] = [];
      for (const path of paths) {
        signal.throwIfAborted();
        if (path !== STDIN_PATH) {
          for (const part of await readPath(path, signal)) parts.push({ ...part, list: { given: path } });
          continue;
        }
        fromStdin ??= readPart(STDIN, addAbortSignal(signal, stdin()), signal);
        parts.push(await fromStdin);
      }
      return parts;
    },
  };
}

/** Decides by the name. Dot files are none, nor are the entries that kubelet keeps beside its links. */
export function isListFile(name: string): boolean {
  return LIST_FILE.test(name);
}

function readPath(path: string, signal: AbortSignal): Promise<readonly SourcePart[]> {
  return attempt(path, signal, async () => {
    const { isDirectory } = await kindOf(path);
    return isDirectory ? await readDirectory(path, signal) : [await readFilePart(path, path, signal)];
  });
}

/** The result of `read`; a failure is a part too. */
async function attempt(
  source: string,
  signal: AbortSignal,
  read: () => Promise<readonly SourcePart[]>,
): Promise<readonly SourcePart[]> {
  try {
    return await read();
  } catch (error) {
    signal.throwIfAborted();
    return [failureOf(source, error)];
  }
}

async function kindOf(path: string): Promise<{ isFile: boolean; isDirectory: boolean; size: number }> {
  const found = await stat(path);
  return { isFile: found.isFile(), isDirectory: found.isDirectory(), size: found.size };
}

async function readDirectory(path: string, signal: AbortSignal): Promise<readonly SourcePart[]> {
  for (let swaps = 0; ; swaps++) {
    const parts = await attempt(path, signal, () => readDirectoryOnce(path, signal));
    // kubelet removes the old files directly after it has changed the link. Then there are new ones to read.
    const vanished = parts.some((part) => !part.ok && part.reason === 'NotFound');
    if (!vanished || swaps === MAX_SWAPS) return parts;
  }
}

/** A mounted ConfigMap is read at the target of its link, so that all files have the same version. */
async function readDirectoryOnce(path: string, signal: AbortSignal): Promise<readonly SourcePart[]> {
  const names = await readdir(path);
  const mounted = names.includes(KUBELET_DATA);
  const folder = mounted ? await realpath(join(path, KUBELET_DATA)) : path;
  const lists = (mounted ? await readdir(folder) : names).filter(isListFile).toSorted();
  if (lists.length > MAX_FILES) {
    const message = `the directory holds ${lists.length} lists; ${MAX_FILES} are read at most`;
    return [{ ok: false, source: path, reason: 'TooManyFiles', message }];
  }
  const parts: SourcePart[] = [];
  for (const name of lists) parts.push(...(await readEntry(join(path, name), join(folder, name), signal)));
  if (parts.length > 0) return parts;
  const message = 'the directory holds no *.yaml, *.yml or *.json file';
  return [{ ok: false, source: path, reason: 'NoListFiles', message }];
}

/** Undefined for an entry with the name of a list that is no file: opening a pipe could wait forever. */
function readEntry(source: string, path: string, signal: AbortSignal): Promise<readonly SourcePart[]> {
  return attempt(source, signal, async () => {
    const { isFile } = await kindOf(path);
    return isFile ? [await readFilePart(source, path, signal)] : [];
  });
}

async function readFilePart(source: string, path: string, signal: AbortSignal): Promise<SourcePart> {
  const { isFile, size } = await kindOf(path);
  if (isFile && size >= MAX_LIST_BYTES) return tooLarge(source, size);
  return readPart(source, createReadStream(path, { signal }), signal);
}

/** Reads to the end or to the limit: a pipe or device has no known size. */
async function readPart(source: string, stream: Readable, signal: AbortSignal): Promise<SourcePart> {
  try {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= MAX_LIST_BYTES) return tooLarge(source, size);
    }
    return decoded(source, Buffer.concat(chunks));
  } catch (error) {
    signal.throwIfAborted();
    return failureOf(source, error);
  }
}

function tooLarge(source: string, size: number): SourcePart {
  return { ok: false, source, reason: 'TooLarge', message: tooLargeMessage(size) };
}

function decoded(source: string, bytes: Uint8Array): SourcePart {
  try {
    return { ok: true, source, text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) };
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const utf16 = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    const message = utf16 ? 'the text is UTF-16; save it as UTF-8' : 'the text is not UTF-8';
    return { ok: false, source, reason: 'NotText', message };
  }
}

const FAILURES: Readonly<Record<string, readonly [SourceFailure, string]>> = {
  ENOENT: ['NotFound', 'there is no such file or directory'],
  ENOTDIR: ['NotFound', 'there is no such file or directory'],
  EACCES: ['PermissionDenied', 'permission denied'],
  EPERM: ['PermissionDenied', 'permission denied'],
};

/** Only errors of the file system are expected here. */
function failureOf(source: string, error: unknown): SourcePart {
  if (!(error instanceof Error) || !('code' in error)) throw error;
  const code = String(error.code);
  const [reason, message] = FAILURES[code] ?? ['Unreadable', `it cannot be read: ${code}`];
  return { ok: false, source, reason, message };
}
