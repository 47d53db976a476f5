import { isDeepStrictEqual } from 'node:util';
import { kMeans } from '../../src/cluster/k-means.js';
import { evaluateEmbeddings } from '../../src/evaluation/evaluate-embeddings.js';
import { evaluateThroughIndex, type IndexQuality } from '../../src/evaluation/evaluate-through-index.js';
import { createRandom } from '../../src/math/random.js';
import { everyRow, visitRanks } from '../../src/math/relevant-ranks.js';
import type { RetrievalMetrics } from '../../src/math/retrieval-tally.js';
import { HnswIndex } from '../../src/vector-index/hnsw.js';
import { randomBatch } from '../../test/fixtures/batches.js';
import { plainKMeans } from '../../test/oracles/plain-k-means.js';
import { plainRanks } from '../../test/oracles/plain-retrieval.js';
import type { Benchmark } from './benchmark.js';

const dimension = 64;
/** The test half of Stanford Online Products, and a tenth of it for what takes long. */
const whole = { count: 60_502, classes: 11_316, dimension };
const tenth = { count: 6000, classes: 1122, dimension };

async function timed<T>(work: () => T | Promise<T>): Promise<{ result: T; seconds: number }> {
  const started = performance.now();
  const result = await work();
  return { result, seconds: (performance.now() - started) / 1000 };
}

const peakMebibytes = (): string => (process.resourceUsage().maxRSS / 1024).toFixed(0);

/** What the graph gains in speed and loses in neighbours, at the largest K asked for. */
function describeIndex(
  { name, recallAt, nearestFoundAt, buildSeconds, queriesPerSecond }: IndexQuality,
  { exact, seconds }: { exact: RetrievalMetrics; seconds: number },
): string {
  const [k] = Object.keys(recallAt).map(Number).slice(-1);
  const ratio = queriesPerSecond.index / queriesPerSecond.exact;
  return (
    `${whole.count} × ${dimension}, through ${name} and exact, K up to ${k}: ${seconds.toFixed(0)} s, ` +
    `${buildSeconds.toFixed(0)} s of them to build, peak RSS ${peakMebibytes()} MiB; ` +
    `${ratio.toFixed(1)} times the queries a second of comparing with all, one at a time; ` +
    `${(100 * nearestFoundAt[1]).toFixed(2)} % of the nearest and ` +
    `${(100 * nearestFoundAt[k]).toFixed(2)} % of the ${k} nearest found; Recall@1 ${recallAt[1].toFixed(4)}, exact ${exact.recallAt[1].toFixed(4)}`
  );
}

/** At full size: everything exact, then the graph beside the exact search, for a few neighbours and for many. */
async function measureWhole(print: (line: string) => void): Promise<void> {
  const { block, labels } = randomBatch(createRandom('bench/evaluate'), whole);
  const classOf = Int32Array.from(labels);
  const ks = [1, 10, 100, 1000];
  const { result, seconds } = await timed(() => evaluateEmbeddings(block, classOf, { ks, seed: 0 }));
  print(
    `${whole.count} × ${dimension}, ${result.classes} classes, everything: ${seconds.toFixed(0)} s, ` +
      `peak RSS ${peakMebibytes()} MiB; Recall@1 ${result.recallAt[1].toFixed(4)}, ` +
      `NMI ${result.nmi.geometric.toFixed(4)}, AMI ${result.ami.toFixed(4)}`,
  );
  const index = { name: 'hnsw', create: (size: number) => new HnswIndex(size) };
  for (const wanted of [[1, 10], ks]) {
    const asked = { ks: wanted, ...index, ...everyRow(whole.count) };
    const through = await timed(() => evaluateThroughIndex(block, classOf, asked));
    print(describeIndex(through.result, { exact: result, seconds: through.seconds }));
  }
}

/** The evaluation of vectors that overlap in their classes, and its parts against their plain twins. */
export const evaluate: Benchmark = {
  name: 'evaluate',
  async run(print) {
    const { block, labels } = randomBatch(createRandom('bench/evaluate'), tenth);
    const rows = Array.from(labels.keys());
    const ranks = async (): Promise<number[][]> => {
      const found: number[][] = [];
      await visitRanks(block, labels, {
        queries: rows,
        gallery: rows,
        visit: ({ ranks }) => void found.push(Array.from(ranks)),
      });
      return found;
    };
    const clustering = { clusters: tenth.classes, seed: 0 };
    for (const [name, quick, plain] of [
      ['ranks', ranks, () => plainRanks(block, labels, { queries: rows, gallery: rows })],
      ['k-means', () => kMeans(block, clustering), () => plainKMeans(block, clustering)],
    ] as const) {
      const [fast, slow] = [await timed<unknown>(quick), await timed<unknown>(plain)];
      print(
        `${tenth.count} × ${dimension}, ${tenth.classes} classes, ${name}: fast ${fast.seconds.toFixed(2)} s, ` +
          `plain ${slow.seconds.toFixed(2)} s, ${(slow.seconds / fast.seconds).toFixed(1)} times as fast; ` +
          `results ${isDeepStrictEqual(fast.result, slow.result) ? 'are the same' : 'DIFFER'}`,
      );
    }
    await measureWhole(print);
  },
};
