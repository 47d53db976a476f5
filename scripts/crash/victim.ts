import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
}

/** The program itself, as its own process. */
export interface Victim {
  readonly pid: number;
  /** The first line on stdout; nothing when it ended without one. */
  readonly firstLine: Promise<string | undefined>;
  readonly ended: Promise<Ended>;
  /** Sends a signal, unless it has ended. */
  signal(name: 'SIGTERM' | 'SIGKILL'): void;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<Ended>;
}

const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));

/** Settings of whoever tests are not those of what is tested. */
const plainEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MEDOID_')));

/** @param options.logPath where its stderr goes, after what is there */
export async function startVictim(
  args: readonly string[],
  { logPath }: { readonly logPath: string },
): Promise<Victim> {
  const log = await open(logPath, 'a');
  const child: ChildProcess = spawn(process.execPath, [cli, ...args], {
    stdio: ['ignore', 'pipe', log.fd],
    env: plainEnvironment(),
  });
  await log.close();
  // Nobody is to be left behind.
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const closed = once(child, 'close');
  let stdout = '';
  const firstLine = new Promise<string | undefined>(resolve => {
    (child.stdout as Readable).setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      if (stdout.includes('\n')) resolve(stdout.slice(0, stdout.indexOf('\n')));
    });
    void closed.then(() => resolve(undefined));
  });
  const ended = closed.then(([exitCode]): Ended => {
    process.off('exit', kill);
    return { exitCode: exitCode as number | null, stdout };
  });
  return {
    pid: child.pid as number,
    firstLine,
    ended,
    signal: name => void child.kill(name),
    kill() {
      kill();
      return ended;
    },
  };
}

/** What a command line answers, run to its end. */
export async function runVictim(
  args: readonly string[],
  options: { readonly logPath: string },
): Promise<Ended> {
  return (await startVictim(args, options)).ended;
}
