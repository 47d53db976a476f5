import { runCli } from '../src/commands/run-cli.js';

/** Runs command lines one after another, each shown as a person would type it, until one fails. @returns its exit code */
export async function runSteps(steps: readonly (readonly string[])[]): Promise<number> {
  for (const step of steps) {
    process.stderr.write(`\n$ medoid ${step.join(' ')}\n`);
    const exitCode = await runCli(step);
    if (exitCode !== 0) return exitCode;
  }
  return 0;
}
