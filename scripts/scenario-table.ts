import { readFileSync } from 'node:fs';
import { type KeptScenario, KINDS, keptScenarios } from '../test/simulation/kept.ts';

const BEGIN = '<!-- scenarios:begin -->\n';
const END = '<!-- scenarios:end -->';

/** test/simulation/README.md, with the table of the kept scenarios as their files have them. */
export function simulationPage(): string {
  const page = readFileSync(new URL('../test/simulation/README.md', import.meta.url), 'utf8');
  const begin = page.indexOf(BEGIN);
  const end = page.indexOf(END);
  if (begin < 0 || end < begin) throw new Error(`test/simulation/README.md has no ${BEGIN.trim()} … ${END}`);
  return page.slice(0, begin + BEGIN.length) + scenarioTable(keptScenarios()) + page.slice(end);
}

/** A row for each scenario that is not the same as another one: bugs first, then limits, then checkers. */
export function scenarioTable(kept: readonly KeptScenario[]): string {
  const rows = KINDS.flatMap((kind) =>
    kept
      .filter((each) => each.kind === kind && each.sameAs === undefined)
      .map(({ seed, invariant, seen }) => {
        const others = kept.filter(({ sameAs }) => sameAs === seed).map((each) => each.seed);
        const also = others.length === 0 ? '' : ` Also ${others.join(', ')}.`;
        return `| ${seed} | ${kind} | ${invariant} | ${seen.replaceAll('|', '\\|')}${also} |`;
      }),
  );
  return ['| seed | kind | invariant | what a user would have seen |', '|---|---|---|---|', ...rows, ''].join(
    '\n',
  );
}
