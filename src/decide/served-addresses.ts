import { type Assessment, namelessKey, publishedKey } from '../endpoint/assessment.ts';
import { type ExistingObjects, servedReadiness } from '../plan/existing-objects.ts';

/** Whether each address and port that the Service serves now is among those that were assessed. */
export function isEveryServedAddressAssessed(
  assessments: readonly Assessment[],
  existing: ExistingObjects,
): boolean {
  const assessed = new Set(
    assessments.flatMap(({ address, ports }) =>
      ports.flatMap((port) => [publishedKey(address, port), namelessKey(address, port)]),
    ),
  );
  return [...servedReadiness(existing).keys()].every((key) => assessed.has(key));
}
