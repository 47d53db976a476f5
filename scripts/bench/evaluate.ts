import { isDeepStrictEqual } from 'node:util';
import { kMeans } from '../../src/cluster/k-means.js';
import { evaluateEmbeddings } from '../../src/evaluation/evaluate-embeddings.js';
import { createRandom } from '../../src/math/random.js';
import { visitRanks } from '../../src/math/relevant-ranks.js';
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
        visit: of => void found.push(Array.from(of)),
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
    const large = randomBatch(createRandom('bench/evaluate'), whole);
    const { result, seconds } = await timed(() =>
      evaluateEmbeddings(large.block, Int32Array.from(large.labels), { ks: [1, 10, 100, 1000], seed: 0 }),
    );
    print(
      `${whole.count} × ${dimension}, ${result.classes} classes, everything: ${seconds.toFixed(0)} s, ` +
        `peak RSS ${(process.resourceUsage().maxRSS / 1024).toFixed(0)} MiB; Recall@1 ${result.recallAt[1].toFixed(4)}, ` +
        `NMI ${result.nmi.geometric.toFixed(4)}, AMI ${result.ami.toFixed(4)}`,
    );
  },
};
