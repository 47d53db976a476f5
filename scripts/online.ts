/**
 * `npm run online -- --data <folder> [options]`: has the pictures of a data set join clusters as they come, in shuffled order,
 * consolidates, and compares with what is found offline with all of them at hand. Nothing is left behind.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { formatTable } from '../src/commands/format-table.js';
import type { Example } from '../src/datasets/dataset.js';
import { datasets } from '../src/datasets/index.js';
import { selectSplits } from '../src/datasets/select-split.js';
import { MedoidError, understandError } from '../src/errors.js';
import { measureAgreement } from '../src/math/agreement.js';
import { createRandom } from '../src/math/random.js';
import { createKeptEmbeddings } from './online/kept-embeddings.js';
import { measureOffline, measureSnapshot, type Quality } from './online/measure-clusters.js';
import { Stream, type StreamOptions } from './online/stream.js';

const optionsSchema = z.strictObject({
  data: z.string().min(1),
  dataset: z.enum(datasets.map(({ name }) => name)).default('class-folders'),
  split: z.string().min(1).default('all'),
  /** Last of the classes; all unless given. */
  classes: z.coerce.number().int().min(1).optional(),
  /** Pictures at most, drawn at random. */
  most: z.coerce.number().int().min(1).default(6000),
  model: z.string().min(1).default('models/demo'),
  seeds: z.coerce.number().int().min(1).default(3),
  /** Measured unless given. */
  'facility-cost': z.coerce.number().positive().optional(),
});
type Options = z.output<typeof optionsSchema>;

async function readExamples({ data, dataset, split, classes, most }: Options): Promise<Example[]> {
  const reader = datasets.find(({ name }) => name === dataset) as (typeof datasets)[number];
  const selected = selectSplits(await reader.read(data), [split]);
  const wanted = new Set(selected.classes.slice(-(classes ?? selected.classes.length)));
  const examples = selected.examples.filter(({ label }) => wanted.has(label));
  return createRandom('online/most').shuffle(examples).slice(0, most);
}

const rowOf = (what: string, quality: Quality, atCost: Quality): string[] => [
  what,
  String(quality.clusters),
  quality.energy.toFixed(1),
  quality.cost.toFixed(1),
  (quality.cost / atCost.cost).toFixed(3),
  quality.nmi.toFixed(3),
  quality.purity.toFixed(3),
];

const share = (part: number, whole: number): string => `${part} of ${whole}`;

interface Outcome {
  readonly rows: string[][];
  readonly facts: string[];
  readonly byKey: ReadonlyMap<string, number>;
}

/** Pictures come, and then come again under other names. */
async function runStream(
  options: StreamOptions,
  settings: { readonly facilityCost: number | 'auto'; readonly consolidateAfter?: number },
): Promise<Outcome & { facilityCost: number }> {
  const stream = await Stream.open(options);
  try {
    await stream.configure(settings.facilityCost, settings.consolidateAfter);
    await stream.add(1);
    const before = await stream.read();
    const beforeByKey = stream.clustersByKey(before);
    const consolidations = stream.countConsolidations();
    await stream.consolidate();
    const after = await stream.read();
    const byKey = stream.clustersByKey(after);
    const facilityCost = await stream.currentCost();
    const quality = measureSnapshot(after, facilityCost);
    const { atCost, atCount } = await measureOffline(after, { facilityCost, clusters: quality.clusters });
    const kept = [...byKey].filter(([key, id]) => beforeByKey.get(key) === id).length;
    const openBefore = new Set(beforeByKey.values());
    const openAfter = new Set(byKey.values());
    const facts = [
      `facility cost ${facilityCost.toFixed(3)}; ${consolidations} consolidations while they came`,
      `clusters that go on under their ids: ${share([...openBefore].filter(id => openAfter.has(id)).length, openBefore.size)}`,
      `items whose cluster has the id it had: ${share(kept, byKey.size)}`,
    ];
    await stream.add(2);
    const repeated = stream.clustersByKey(await stream.read());
    const same = [...byKey].filter(([key, id]) => repeated.get(key) === id).length;
    facts.push(
      `sent again under their keys, in another order, and where they were: ${share(same, byKey.size)}`,
    );
    await stream.add(3, 'again/');
    const twice = stream.clustersByKey(await stream.read());
    const joined = [...byKey].filter(([key, id]) => twice.get(`again/${key}`) === id).length;
    facts.push(
      `copies under other keys that join the cluster of their original: ${share(joined, byKey.size)}`,
    );
    const unmoved = [...byKey].filter(([key, id]) => twice.get(key) === id).length;
    facts.push(`originals that are where they were: ${share(unmoved, byKey.size)}`);
    return {
      rows: [
        rowOf('as they came', measureSnapshot(before, facilityCost), atCost),
        rowOf('consolidated', quality, atCost),
        rowOf('offline, same cost', atCost, atCost),
        rowOf('offline, same number', atCount, atCost),
      ],
      ...{ facts, byKey, facilityCost },
    };
  } finally {
    await stream.close();
  }
}

const heading = ['clusters', 'number', 'energy', 'cost', 'ratio', 'NMI', 'purity'];

function render(title: string, { rows, facts }: Outcome): string {
  return [title, formatTable([heading, ...rows]), ...facts].join('\n');
}

async function measure(options: Options, folder: string): Promise<void> {
  const examples = await readExamples(options);
  const wrapEmbedder = createKeptEmbeddings();
  const tell = (text: string): void => void process.stdout.write(`${text}\n\n`);
  tell(`${examples.length} pictures of ${new Set(examples.map(({ label }) => label)).size} classes`);
  const results: ReadonlyMap<string, number>[] = [];
  for (let seed = 0; seed < options.seeds; seed++) {
    const streamOf = (what: string): StreamOptions => ({
      ...{ directory: join(folder, `${what}-${seed}`), model: options.model },
      ...{ examples, seed, wrapEmbedder },
    });
    const usual = await runStream(streamOf('usual'), {
      facilityCost: options['facility-cost'] ?? 'auto',
    });
    tell(render(`seed ${seed}, consolidated as they come`, usual));
    const { facilityCost } = usual;
    const never = 1_000_000;
    const plain = await runStream(streamOf('plain'), { facilityCost, consolidateAfter: never });
    tell(render(`seed ${seed}, that cost from the beginning, consolidated once, at the end`, plain));
    results.push(usual.byKey);
  }
  const keys = [...results[0].keys()];
  const numbers = (result: ReadonlyMap<string, number>): number[] =>
    keys.map(key => result.get(key) as number);
  for (const [seed, result] of results.entries()) {
    if (seed === 0) continue;
    const { ari, nmi } = measureAgreement(numbers(results[0]), numbers(result));
    tell(`orders 0 and ${seed}: ARI ${ari.toFixed(3)}, NMI ${nmi.arithmetic.toFixed(3)}`);
  }
}

function parseOptions(): Options {
  const names = Object.keys(optionsSchema.shape);
  const options = Object.fromEntries(names.map(name => [name, { type: 'string' as const }]));
  const parsed = optionsSchema.safeParse(parseArgs({ options }).values);
  if (parsed.success) return parsed.data;
  throw new MedoidError('invalid-option', z.prettifyError(parsed.error));
}

const folder = await mkdtemp(join(tmpdir(), 'medoid-online-'));
try {
  await measure(parseOptions(), folder);
} catch (error) {
  const { code, message } = understandError(error);
  process.stderr.write(`medoid online: ${code}: ${message}\n`);
  process.exitCode = 1;
} finally {
  await rm(folder, { recursive: true, force: true });
}
