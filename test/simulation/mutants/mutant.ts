import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import { HELPERS, MUTATIONS, type Mutation } from './mutations.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));

export function mutationNamed(name: string): Mutation {
  const found = MUTATIONS.find((each) => each.name === name);
  if (found !== undefined) return found;
  throw new Error(
    `no mutation is called ${name}; there are ${MUTATIONS.map((each) => each.name).join(', ')}`,
  );
}

/**
 * Puts the mistake into the module when it is loaded. Loading throws when the source no longer has the place: a mutation
 * that changes nothing proves nothing.
 *
 * @returns whether the file has been loaded meanwhile.
 */
export function mutate(mutation: Mutation): () => boolean {
  let loaded = false;
  registerHooks({
    load(url, context, nextLoad) {
      const result = nextLoad(url, context);
      if (url !== new URL(mutation.file, `file://${ROOT}`).href) return result;
      loaded = true;
      return { ...result, source: mutated(String(result.source), mutation) };
    },
  });
  return () => loaded;
}

function mutated(source: string, { name, file, from, to }: Mutation): string {
  const places = source.split(from).length - 1;
  if (places !== 1) throw new Error(`mutation ${name}: ${file} has its place ${places} times, not once`);
  return source.replace(from, () => to) + (HELPERS[name] ?? '');
}
