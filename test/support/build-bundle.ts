import { execFileSync } from 'node:child_process';

/** Before the end-to-end tests: what they start is what is in the source, whoever starts them. */
export function setup(): void {
  execFileSync(process.execPath, ['scripts/build.ts'], { stdio: 'inherit' });
}
