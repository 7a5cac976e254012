import { badRequest, expired, type Refusal } from './status.ts';

/** The position at which a paged list continues. */
export interface Position {
  /** Undefined for the latest revision: the token was reissued after its revision was compacted. */
  readonly revision: number | undefined;
  /** The first key that may follow. */
  readonly start: string;
}

/** `{"v":"meta.k8s.io/v1","rv":450,"start":"/db\u0000"}` in base64: apiserver's form. */
export function encodeContinue(revision: number, lastKey: string, keyPrefix: string): string {
  return encodeToken(revision, `/${lastKey.slice(keyPrefix.length)}\0`);
}

function encodeToken(revision: number, start: string): string {
  return Buffer.from(JSON.stringify({ v: 'meta.k8s.io/v1', rv: revision, start })).toString('base64url');
}

export function decodeContinue(token: string, keyPrefix: string): Position {
  const text = Buffer.from(token, 'base64url').toString();
  if (!text.startsWith('{')) {
    const why = `invalid character '${text.slice(0, 1)}' looking for beginning of value`;
    throw badRequest(`invalid continue token: continue key is not valid: ${why}`);
  }
  const { rv, start } = JSON.parse(text) as { rv?: number; start?: string };
  if (typeof rv !== 'number' || typeof start !== 'string' || !start.startsWith('/')) {
    throw badRequest(
      'invalid continue token: continue key is not valid: incorrect encoded start resourceVersion',
    );
  }
  return { revision: rv > 0 ? rv : undefined, start: keyPrefix + start.slice(1) };
}

/** Contains a token for an inconsistent list of the remaining items (etcd3/errors.go). */
export function expiredContinue(position: Position, keyPrefix: string): Refusal {
  const refusal = expired(
    'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
  );
  refusal.status.metadata = { continue: encodeToken(-1, `/${position.start.slice(keyPrefix.length)}`) };
  return refusal;
}
