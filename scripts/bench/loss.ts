import { denseLabels, pairwiseDistances } from '../../src/math/facility-location.js';
import { inferAugmentedClustering } from '../../src/math/loss-augmented-inference.js';
import { createRandom } from '../../src/math/random.js';
import { randomBatch } from '../../test/fixtures/batches.js';
import { naiveAugmentedClustering } from '../../test/oracles/naive-inference.js';
import { type Benchmark, medianMs } from './benchmark.js';

const cases = [
  { count: 128, classShare: 0.25, runs: 51 },
  { count: 128, classShare: 0.75, runs: 51 },
  { count: 512, classShare: 0.25, runs: 11 },
];
const naiveRuns = (count: number): number => (count > 128 ? 1 : 3);

/** Loss-augmented inference against its naive twin, on overlapping classes in 64 dimensions with γ = m. */
export const loss: Benchmark = {
  name: 'loss',
  async run(print) {
    for (const { count, classShare, runs } of cases) {
      const classes = Math.round(count * classShare);
      const random = createRandom(`bench/${count}/${classes}`);
      const { block, labels } = randomBatch(random, { count, classes, dimension: 64 });
      const matrix = pairwiseDistances(block);
      const truth = denseLabels(labels);
      const options = { gamma: count, pamSweeps: 5 };
      const run = () => inferAugmentedClustering(matrix, truth, options);
      const objective = run().objective;
      medianMs(runs, run); // lets the compiler settle
      const fast = medianMs(runs, run);
      let naiveObjective = Number.NaN;
      const naive = medianMs(naiveRuns(count), () => {
        naiveObjective = naiveAugmentedClustering(matrix, truth, options).objective;
      });
      print(
        `m ${count}, C/m ${classShare}: fast ${fast.toFixed(2)} ms, naive ${naive.toFixed(0)} ms, ` +
          `${(naive / fast).toFixed(0)} times as fast; objectives differ by ${Math.abs(objective - naiveObjective).toExponential(1)}`,
      );
    }
  },
};
