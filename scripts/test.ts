import { Steps } from './steps.ts';

/**
 * `npm test`: all that CI needs, in less than 15 minutes on two cores. Static checks, every level of tests, benches at
 * smoke size. Ends with one line: N passed, N failed, N skipped. `npm run test:long` runs what takes longer.
 */
const steps = new Steps();
await steps.check('check', 'npm', ['run', '--silent', 'check']);
await steps.check('build', 'npm', ['run', '--silent', 'build']);
await steps.test('tests', process.argv.slice(2));
await steps.check('benches at smoke size', 'npm', ['run', '--silent', 'bench', '--', '--smoke']);
process.exitCode = steps.end();
