import { isOverridden, isTrouble, type TargetReport } from './sync-report.ts';
import type { WorkerStatus } from './worker-status.ts';

/** What a page shows at most; `/api/status` has all. */
const MAX_ROWS = 2_000;

/** `/api/status` for people: trouble first. One page, without scripts, and nothing that is fetched from elsewhere. */
export function statusPage(status: WorkerStatus): string {
  const { version, instance, identity, leading, targets } = status;
  const sorted = targets.toSorted((a, b) => Number(isTrouble(b)) - Number(isTrouble(a)));
  const inTrouble = targets.filter(isTrouble).length;
  const rows = sorted.flatMap(rowsOf);
  const more = rows.length > MAX_ROWS ? `<p>${rows.length - MAX_ROWS} more rows: see /api/status.</p>\n` : '';
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="refresh" content="10">
<title>external-endpoints: ${inTrouble} of ${targets.length} targets in trouble</title>
<style>
body { font: 14px/1.4 system-ui, sans-serif; margin: 2em; color-scheme: light dark }
table { border-collapse: collapse } th, td { text-align: left; padding: .2em 1em .2em 0; vertical-align: top }
tr.first td { border-top: 1px solid #8888 } .no { color: #c22; font-weight: 600 } .yes { color: #282 }
</style>
</head>
<body>
<h1>external-endpoints ${escaped(version)}</h1>
<p>instance ${escaped(instance)}, replica ${escaped(identity)}, which ${leading ? 'leads and writes' : 'stands by: it looks and decides, and another writes'}.
${inTrouble === 0 ? 'No target is in trouble.' : `<span class="no">${inTrouble} of ${targets.length} targets in trouble.</span>`}
<a href="/metrics">metrics</a>, <a href="/api/status">as JSON</a></p>
${differingLists(status)}<table>
<tr><th>target</th><th>phase</th><th>address</th><th>ready</th><th>why</th><th>from</th></tr>
${rows.slice(0, MAX_ROWS).join('\n')}
</table>
${more}</body>
</html>
`;
}

function differingLists({ lists = [], listsOfLeader }: WorkerStatus): string {
  if (listsOfLeader === undefined) return '';
  const text = `ListsDiffer: the leader has other lists (${listsOfLeader.join(', ')}) than this replica (${lists.join(', ')}), so nobody publishes these.`;
  return `<p class="no">${escaped(text)}</p>\n`;
}

function rowsOf(target: TargetReport): string[] {
  const { namespace, name, phase, reason, message, endpoints } = target;
  const state = `<span class="${isTrouble(target) ? 'no' : 'yes'}">${escaped(phase)}</span> ${escaped(reason)}`;
  const head = `<td>${escaped(`${namespace}/${name}`)}</td><td title="${escaped(message)}">${state}</td>`;
  const [first, ...others] = endpoints.map(
    ({ address, ready, reason: why, message: text, source }) =>
      `<td>${escaped(address)}</td><td class="${ready && !isOverridden({ reason: why }) ? 'yes' : 'no'}">${ready ? 'yes' : 'no'}</td><td title="${escaped(text)}">${escaped(why)}</td><td>${escaped(source)}</td>`,
  );
  return [
    `<tr class="first">${head}${first ?? `<td colspan="4">${escaped(message)}</td>`}</tr>`,
    ...others.map((cells) => `<tr><td></td><td></td>${cells}</tr>`),
  ];
}

/** Names come from people, messages from servers that anybody may run. */
function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
