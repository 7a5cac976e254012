import { execFileSync } from 'node:child_process';

/** Builds the bundle before the e2e tests, so that they start the present source. */
export function setup(): void {
  execFileSync(process.execPath, ['scripts/build.ts'], { stdio: 'inherit' });
}
