import type { CliContext } from '../../../src/cli/context.ts';
import type { ClusterListFlags } from '../../../src/cli/options.ts';
import type { KubeAnswer, KubeRequest } from '../../../src/io/kube-retry.ts';
import type { ListVersion } from '../scenario/target-spec.ts';
import type { People } from './people.ts';
import type { TargetFile } from './target-file.ts';

const NAMESPACE = 'default';
const NAME = 'targets';
const KEY = 'targets.yaml';

export const FLAGS_OF_CONFIG_MAP: ClusterListFlags = { configmap: [`${NAMESPACE}/${NAME}`] };

/** The query of the product for this one ConfigMap. */
const LIST_PATH = new RegExp(
  `^/api/v1/namespaces/${NAMESPACE}/configmaps\\?.*fieldSelector=metadata\\.name(=|%3D)${NAME}(&|$)`,
);

/** People edit the list in the ConfigMap as they edit a file. */
export function keepInConfigMap(file: TargetFile, people: People): void {
  const write = () => people.keepConfigMap(NAMESPACE, NAME, textIn(file));
  write();
  file.onEdit(write);
}

function textIn(file: TargetFile): Readonly<Record<string, string>> | undefined {
  const [part] = file.read().parts;
  return part?.ok === true ? { [KEY]: part.text } : undefined;
}

/** The list in an answer, if it has one. */
export function listInAnswer(
  { path }: KubeRequest,
  answer: KubeAnswer,
  file: TargetFile,
): ListVersion | undefined {
  if (!answer.ok || !LIST_PATH.test(path)) return undefined;
  const { items } = JSON.parse(answer.body) as { items: { data?: Readonly<Record<string, string>> }[] };
  const text = items[0]?.data?.[KEY];
  return text === undefined ? undefined : file.versionWith(text);
}

/** The product's reader of a part; it records what was read. */
export function notingReads(
  readPart: CliContext['readPart'],
  file: TargetFile,
  onRead: (version: ListVersion) => void,
): CliContext['readPart'] {
  return (part, signal) => {
    const version = part.ok ? file.versionWith(part.text) : undefined;
    if (version !== undefined) onRead(version);
    return readPart(part, signal);
  };
}
