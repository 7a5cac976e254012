import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { stringLiterals } from '../../support/string-literals.ts';

const ROOT = new URL('../../../', import.meta.url);

/** CamelCase words of the source that are no reasons. Whatever is not listed here counts as a reason. */
const NO_REASONS: Readonly<Record<string, readonly string[]>> = {
  'kinds of objects, and of what the API server is sent': [
    ...[
      'ConfigMap',
      'DeleteOptions',
      'EndpointSlice',
      'EndpointSlices',
      'Endpoints',
      'Event',
      'Lease',
      'List',
    ],
    ...['Namespace', 'Service', 'ServiceCIDR', 'TargetList'],
  ],
  'values of their fields': [
    ...['All', 'Allow', 'Apply', 'Background', 'ClientIP', 'Cluster', 'ClusterIP', 'Delete', 'ExternalName'],
    ...['FieldManagerConflict', 'Headless', 'LoadBalancer', 'Local', 'NodePort', 'None', 'Normal', 'Orphan'],
    ...['PreferClose', 'PreferDualStack', 'PreferSameNode', 'PreferSameZone', 'ReadList', 'RequireDualStack'],
    ...['SingleStack', 'Sync', 'Update', 'Warning'],
  ],
  phases: ['Deleted', 'Failed', 'Kept', 'NotReady', 'Orphaned', 'Pending', 'Published', 'Refused'],
  'what a plan waits for': [
    ...['MirroredSlicesGone', 'MirroredSlicesPresent', 'SelectedPodsReady', 'ServiceRead'],
  ],
  'names of types and schemas': [
    ...[
      'CheckId',
      'Defaults',
      'Dns',
      'Endpoint',
      'FieldPath',
      'Guards',
      'HealthCheck',
      'Hold',
      'Hostname',
      'Metadata',
    ],
    ...['HttpCheck', 'IpAddress', 'Port', 'Publish', 'Target', 'TcpCheck', 'TlsCheck', 'WatchKey'],
  ],
  'why a part of the list cannot be read; its message is what a person sees': [
    ...['NoListFiles', 'NotText', 'PermissionDenied', 'TooLarge', 'TooManyFiles', 'Unreadable'],
  ],
  'why a text is no host name; a message of its own is what a person sees': [
    ...['EmptyLabel', 'EmptyName', 'IllegalCharacter', 'LabelTooLong', 'LooksLikeAnAddress', 'NameTooLong'],
  ],
  'states of an HTTP head that is being read': ['Incomplete', 'NotHttp'],
};

function capitalisedIn(source: string): string[] {
  return stringLiterals(source).filter((text) => /^[A-Z][A-Za-z]*[a-z][A-Za-z]*$/.test(text));
}

/** Without the embedded API server: its reasons are those of Kubernetes. */
function wordsOfSource(): Set<string> {
  const folder = new URL('src/', ROOT);
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter(
    (path) => path.endsWith('.ts') && !path.startsWith('embedded/'),
  );
  return new Set(files.flatMap((path) => capitalisedIn(readFileSync(new URL(path, folder), 'utf8'))));
}

function reasonsIn(words: Iterable<string>): string[] {
  const others = new Set(Object.values(NO_REASONS).flat());
  return [...words].filter((word) => !others.has(word)).toSorted();
}

function documented(): string[] {
  const page = readFileSync(new URL('docs/reasons.md', ROOT), 'utf8');
  return [...page.matchAll(/^\| `(\w+)` \|/gm)].map(([, reason = '']) => reason);
}

describe('docs/reasons.md', () => {
  it('has every reason of the source exactly once, and no other', () => {
    expect(documented().toSorted()).toEqual(reasonsIn(wordsOfSource()));
  });

  it('is compared with a list of other words that the source has', () => {
    const words = wordsOfSource();
    const others = Object.values(NO_REASONS).flat();
    expect(others.filter((word) => !words.has(word))).toEqual([]);
    expect(others.toSorted()).toEqual([...new Set(others)].toSorted());
  });

  it.each([
    ["log.warn('SomethingNew', message);"],
    ['return { phase: "Pending", reason: "SomethingNew" };'],
    ["const REASONS = { code: ['SomethingNew', 'text'] } as const;"],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a source that the test scans.
    ['const message = `${isOurs ? `SomethingNew` : "none"} // no comment`;'],
    ["const quotes = text.replace(/['\"`/]/g, ''); const reason = 'SomethingNew';"],
    ["type Reason = 'AllReady' | 'SomethingNew'; // 'InAComment'"],
    ["/** 'InAComment' */ const share = total / 2; const reason = 'SomethingNew'; const half = 1 / 2;"],
  ])('does not match a source with a new reason: %s', (source) => {
    expect(documented()).not.toContain('SomethingNew');
    expect(reasonsIn(capitalisedIn(source)).filter((word) => word !== 'AllReady')).toEqual(['SomethingNew']);
  });
});
