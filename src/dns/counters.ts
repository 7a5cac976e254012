/**
 * Counts of the resolver since its start, for metrics. They only grow.
 *
 * - `queries`: messages sent, whatever the transport; `tcpQueries` of them over TCP.
 * - `timeouts`, `unreachable`: exchanges without a reply.
 * - `strays`: datagrams that are no reply to a query; `floods`: waits that {@link MAX_STRAYS} of them ended.
 * - `caseChanged`: replies that did not repeat the letters' case; `withoutEdns`: queries repeated without EDNS.
 * - `truncated`: UDP replies that did not fit; `malformed`: replies that could not be read.
 * - `cacheHits`: questions answered from the cache; `shared`: questions that joined a query in flight.
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
