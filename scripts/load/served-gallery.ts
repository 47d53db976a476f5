import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

export interface ServedGallery {
  readonly url: string;
  /** From the start of the process until every collection is open. */
  readonly startSeconds: number;
  /** @returns seconds from the start of the process until every index is there */
  waitForIndex(): Promise<number>;
  /** What the server has counted, by name and labels as they stand in `/metrics`. */
  readMetrics(): Promise<ReadonlyMap<string, number>>;
  /** Stops the server and waits until it has ended. */
  close(): Promise<void>;
}

export interface ServeOptions {
  readonly directory: string;
  /** What the server logs, one line a request. */
  readonly logPath: string;
  /** Folder for a profile, which is written when the server ends. */
  readonly profile?: string | undefined;
  /** Ends the server when it is aborted. */
  readonly signal: AbortSignal;
}

const cli = fileURLToPath(new URL('../../src/cli.js', import.meta.url));
const stopMs = 30_000;

/** Settings of whoever measures are not those of what is measured. */
const plainEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('MEDOID_')));

type Server = ChildProcess;

async function spawnServer({ directory, logPath, profile }: ServeOptions): Promise<Server> {
  const log = await open(logPath, 'a');
  try {
    const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
    const args = [...profiling, cli, 'serve', '--gallery', directory, '--port', '0', '--json'];
    return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', log.fd], env: plainEnvironment() });
  } finally {
    await log.close();
  }
}

async function readMetrics(url: string): Promise<ReadonlyMap<string, number>> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const lines = text.split('\n').filter(line => line !== '' && !line.startsWith('#'));
  return new Map(lines.map(line => [line.slice(0, line.lastIndexOf(' ')), Number(line.split(' ').at(-1))]));
}

const indexPollMs = 100;

/** Until then searches compare with every vector. */
async function waitForIndex(url: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    const { collections } = (await (await fetch(`${url}/readyz`)).json()) as {
      readonly collections: readonly { readonly status: string }[];
    };
    if (collections.every(({ status }) => status !== 'indexing')) return;
    await delay(indexPollMs, undefined, { signal });
  }
}

/** Ends with this process, when the signal is aborted, or when it is told to: by its own number, and waited for. */
function createStop(child: Server, signal: AbortSignal): () => Promise<void> {
  const closed = once(child, 'close');
  const ask = (): void => void child.kill('SIGTERM');
  const kill = (): void => void child.kill('SIGKILL');
  signal.addEventListener('abort', ask, { once: true });
  process.once('exit', kill);
  return async () => {
    ask();
    const timer = setTimeout(kill, stopMs);
    await closed;
    clearTimeout(timer);
    signal.removeEventListener('abort', ask);
    process.off('exit', kill);
  };
}

/**
 * Starts the built program as its users do, with its default settings, on a free port of this machine alone.
 * @throws the signal's reason when it is aborted
 */
export async function serveGallery(options: ServeOptions): Promise<ServedGallery> {
  const started = performance.now();
  const child = await spawnServer(options);
  const close = createStop(child, options.signal);
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout as Readable }), 'line'),
    once(child, 'close').then((): [undefined] => [undefined]),
  ]);
  if (line === undefined) {
    await close();
    options.signal.throwIfAborted();
    throw new Error(`the server did not start: ${await readFile(options.logPath, 'utf8')}`);
  }
  const { url } = JSON.parse(String(line)) as { url: string };
  const secondsSince = (): number => (performance.now() - started) / 1000;
  return {
    url,
    startSeconds: secondsSince(),
    waitForIndex: () => waitForIndex(url, options.signal).then(secondsSince),
    readMetrics: () => readMetrics(url),
    close,
  };
}
