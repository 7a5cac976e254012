import type * as z from 'zod';
import type { HealthCheckKind } from '../model/target.ts';
import { oneOf } from './field.ts';
import type { Report } from './field-rules.ts';
import { withoutExcluded } from './field-rules.ts';
import {
  EXCHANGE_EXCLUSIVE,
  exchangeFrom,
  exchangeSchema,
  HTTP_EXCLUSIVE,
  httpFrom,
  httpSchema,
  tlsFrom,
  tlsSchema,
  type WrittenExchange,
  type WrittenHttp,
} from './health-check-sections.ts';

const TYPES = ['tcp', 'tls', 'http', 'none'] as const;

const DEFAULT_TYPE = 'tcp';

/** The fields of `healthCheck` that define the kind of check. */
export const kindFields = {
  type: oneOf(TYPES, {
    description:
      '`tcp`: a connection, and an exchange if `tcp` describes one. `tls`: a handshake and a valid certificate. ' +
      '`http`: a request. `none`: every address counts as healthy.',
    default: DEFAULT_TYPE,
  }).optional(),
  tcp: exchangeSchema.optional(),
  tls: tlsSchema.optional(),
  http: httpSchema.optional(),
};

export interface WrittenKind {
  readonly type?: (typeof TYPES)[number] | undefined;
  readonly tcp?: WrittenExchange | undefined;
  readonly tls?: z.infer<typeof tlsSchema> | undefined;
  readonly http?: WrittenHttp | undefined;
}

/** `written` is the target's section merged with `defaults`; `own` is the target's section alone. */
export function kindFrom(written: WrittenKind | undefined, own: WrittenKind | undefined): HealthCheckKind {
  const type = written?.type ?? DEFAULT_TYPE;
  switch (type) {
    case 'none':
      return { type };
    case 'tcp': {
      const exchange = exchangeFrom(withoutExcluded(written?.tcp, own?.tcp, EXCHANGE_EXCLUSIVE));
      return exchange.send === undefined && exchange.expect === undefined ? { type } : { type, exchange };
    }
    case 'tls':
      return { type, tls: tlsFrom(written?.tls) };
    case 'http': {
      const http = httpFrom(withoutExcluded(written?.http, own?.http, HTTP_EXCLUSIVE));
      return written?.http?.scheme === 'https' ? { type, http, tls: tlsFrom(written.tls) } : { type, http };
    }
  }
}

/**
 * Reports settings of a kind that the check does not use, when the target itself writes them. In `defaults`
 * they are allowed, because other targets may use them.
 */
export function reportUnused(own: WrittenKind | undefined, kind: HealthCheckKind, report: Report): void {
  const overTls = kind.type === 'tls' || (kind.type === 'http' && kind.tls !== undefined);
  const uses = { tcp: kind.type === 'tcp', tls: overTls, http: kind.type === 'http' };
  for (const section of ['tcp', 'tls', 'http'] as const) {
    if (own?.[section] === undefined || uses[section]) continue;
    report(['healthCheck', section], {
      message: `${section} has no effect on a check of type ${kind.type}`,
      expected: `no ${section} section, or another type`,
      hint:
        section === 'tls'
          ? 'write type: tls, or type: http with http.scheme: https'
          : `write type: ${section}`,
    });
  }
}
