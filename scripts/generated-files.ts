import { targetListJsonSchema } from '../src/config/json-schema.ts';
import { simulationPage } from './scenario-table.ts';
import { targetListPage } from './target-list-page.ts';

/** Files of the repository that are made from its code: path to content. A test holds them against each other. */
export function generatedFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['config/schema.json', `${JSON.stringify(targetListJsonSchema(), undefined, 2)}\n`],
    ['docs/target-list.md', targetListPage()],
    ['test/simulation/README.md', simulationPage()],
  ]);
}
