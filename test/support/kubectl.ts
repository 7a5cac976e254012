import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { missing, programPath } from './real-peer.ts';

/** kubectl from `KUBEBUILDER_ASSETS`, else from the PATH. */
function kubectlPath(): string | undefined {
  const beside = join(process.env.KUBEBUILDER_ASSETS ?? '', 'kubectl');
  return existsSync(beside) ? beside : programPath('kubectl');
}

/** Why there is no kubectl on this machine, as a message; undefined if there is one. */
export function noKubectl(): string | undefined {
  return kubectlPath() === undefined ? missing(['kubectl']) : undefined;
}

/** The output of `kubectl ARGS`; rejects with its error. It does not block: the server may be in this process. */
export async function kubectl(kubeconfig: string, args: readonly string[], stdin = ''): Promise<string> {
  const path = kubectlPath();
  if (path === undefined) throw new Error('there is no kubectl');
  const child = spawn(path, ['--kubeconfig', kubeconfig, ...args], { stdio: ['pipe', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    output.stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    output.stderr += chunk;
  });
  child.stdin.end(stdin);
  const code = await new Promise((resolve, reject) => {
    child.once('error', reject).once('close', resolve);
  });
  if (code !== 0) throw new Error(`kubectl ${args.join(' ')}: ${output.stderr}`);
  return output.stdout;
}
