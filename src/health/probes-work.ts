import type { Health } from './health.ts';

/**
 * Whether checks show that this worker sees: something is healthy, and most of what counts as healthy is not failing
 * right now. A network that loses nearly everything lets a probe through now and then; that is no sight.
 */
export function probesWork(known: Iterable<Health>): boolean {
  let [fine, failing] = [0, 0];
  for (const { verdict, streak } of known) {
    if (verdict !== 'healthy') continue;
    if (streak === 0) fine += 1;
    else failing += 1;
  }
  return fine > 0 && fine >= failing;
}
