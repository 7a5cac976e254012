/**
 * What the resolver has seen since it was made, for metrics. All counts only grow.
 *
 * - `queries`: messages sent, whatever the transport; `tcpQueries` of them over TCP.
 * - `timeouts`, `unreachable`: exchanges without a reply.
 * - `strays`: datagrams that answered nothing; `floods`: waits that {@link MAX_STRAYS} of them ended.
 * - `caseChanged`: replies that did not repeat the letters' case; `withoutEdns`: queries repeated without EDNS.
 * - `truncated`: UDP replies that did not fit; `malformed`: replies that could not be read.
 * - `cacheHits`: questions answered from memory; `shared`: questions that joined a query under way.
 */
export const DNS_COUNTS = [
  'queries',
  'tcpQueries',
  'timeouts',
  'unreachable',
  'strays',
  'floods',
  'caseChanged',
  'withoutEdns',
  'truncated',
  'malformed',
  'cacheHits',
  'shared',
] as const;

export type DnsCounters = Record<(typeof DNS_COUNTS)[number], number>;

export function newCounters(): DnsCounters {
  return Object.fromEntries(DNS_COUNTS.map((name) => [name, 0])) as DnsCounters;
}
