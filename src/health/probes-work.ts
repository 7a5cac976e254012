import type { Health } from './health.ts';

/**
 * Whether checks show that this worker has connectivity: a check is healthy, and most healthy checks are not failing
 * now. A network that loses nearly everything lets a probe through now and then, and that is not enough.
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
