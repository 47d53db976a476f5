import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { MedoidClient } from '../../src/client/medoid-client.js';
import { createRandom } from '../../src/math/random.js';
import { createPicturePool } from '../crash/picture-pool.js';
import { runVictim, startVictim, type Victim } from '../crash/victim.js';
import { Churner, type Counts } from './churn.js';
import { judgeTrend, type Trend } from './judge-trend.js';
import type { SoakOptions } from './options.js';
import { judged, type Sample, sampleServer } from './sample-server.js';

export interface SoakReport {
  readonly seconds: number;
  readonly items: number;
  readonly counts: Counts;
  /** How often each item was added or replaced, on the average. */
  readonly churned: number;
  readonly samples: readonly Sample[];
  /** Of the second half; nothing where there were too few samples to judge. */
  readonly trends: Readonly<Record<(typeof judged)[number], Trend>> | undefined;
}

interface Context {
  readonly temporary: string;
  readonly signal: AbortSignal;
  report(line: string): void;
}

/** In the second half. */
const fewestSamples = 20;

const trendsOf = (samples: readonly Sample[]): SoakReport['trends'] => {
  const later = samples.slice(Math.ceil(samples.length / 2));
  if (later.length < fewestSamples) return undefined;
  return Object.fromEntries(
    judged.map(name => [name, judgeTrend(later.map(sample => sample[name]))]),
  ) as NonNullable<SoakReport['trends']>;
};

async function makeGallery(
  { model, seed }: SoakOptions,
  { temporary }: Context,
  logPath: string,
): Promise<string> {
  const [folder, directory] = [join(temporary, 'first'), join(temporary, 'gallery')];
  await mkdir(folder);
  await writeFile(join(folder, 'first.jpg'), (await createPicturePool(seed).get(0)).bytes);
  const { exitCode } = await runVictim(['index', folder, '--gallery', directory, '--model', model], {
    logPath,
  });
  if (exitCode !== 0) throw new Error(`the gallery could not be made: see ${logPath}`);
  return directory;
}

function createChurners({ clients, items, seed }: SoakOptions, url: string, counts: Counts): Churner[] {
  const pool = createPicturePool(seed);
  return Array.from({ length: clients }, (_, i) => {
    const name = `c${i}`;
    const random = createRandom(`${seed}/soak/${name}`);
    return new Churner({ name, url, random, pool, counts, items: Math.ceil(items / clients) });
  });
}

async function takeSamples(
  { minutes, everySeconds }: SoakOptions,
  { signal, report }: Context,
  sample: () => Promise<Sample>,
): Promise<Sample[]> {
  const samples: Sample[] = [];
  const until = performance.now() + 60_000 * minutes;
  while (performance.now() < until) {
    const left = until - performance.now();
    await delay(Math.min(left, 1000 * everySeconds), undefined, { signal }).catch(() =>
      signal.throwIfAborted(),
    );
    const taken = await sample();
    samples.push(taken);
    report(
      Object.entries(taken)
        .map(([name, value]) => `${name} ${value.toFixed(1)}`)
        .join(', '),
    );
  }
  return samples;
}

async function soak(options: SoakOptions, context: Context, served: { victim: Victim; directory: string }) {
  const line = await served.victim.firstLine;
  if (line === undefined) throw new Error('the server does not start');
  const { url } = JSON.parse(line) as { url: string };
  const counts: Counts = { searches: 0, added: 0, replaced: 0, removed: 0, refused: 0, errors: 0 };
  const churners = createChurners(options, url, counts);
  context.report(`filling the gallery with ${options.items} items`);
  await Promise.all(churners.map(churner => churner.fill(context.signal)));
  context.signal.throwIfAborted();
  const started = performance.now();
  const stop = new AbortController();
  const client = new MedoidClient({ baseUrl: url });
  const running = Promise.all(churners.map(churner => churner.run(stop.signal)));
  const where = { pid: served.victim.pid, directory: served.directory };
  const samples = await takeSamples(options, context, () => sampleServer(client, where)).finally(async () => {
    stop.abort();
    await running;
  });
  const churned = (counts.added + counts.replaced) / options.items;
  const seconds = (performance.now() - started) / 1000;
  return { seconds, items: options.items, counts, churned, samples, trends: trendsOf(samples) };
}

/**
 * Serves a gallery that changes all the time and looks at what the server takes.
 * @param context.temporary folder that the caller removes
 * @throws the signal's reason when it is aborted
 */
export async function runSoak(options: SoakOptions, context: Context): Promise<SoakReport> {
  const logPath = join(context.temporary, 'server.log');
  const directory = await makeGallery(options, context, logPath);
  const args = ['serve', '--gallery', directory, '--port', '0', '--json', '--log-level', 'warn'];
  const victim = await startVictim(args, { logPath });
  try {
    return await soak(options, context, { victim, directory });
  } finally {
    victim.signal('SIGTERM');
    await victim.ended;
  }
}
