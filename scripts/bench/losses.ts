import { createRandom } from '../../src/math/random.js';
import { losses as registry } from '../../src/train/losses/index.js';
import { randomBatch } from '../../test/fixtures/batches.js';
import { type Benchmark, medianMs } from './benchmark.js';

const dimension = 64;
const runs = 9;

/** Value and gradient of every loss by its defaults: C/m 0.25, 64 dimensions, 1,000 training classes. */
export const losses: Benchmark = {
  name: 'losses',
  async run(print) {
    const { block: classVectors } = randomBatch(createRandom('classes'), {
      count: 1000,
      classes: 10,
      dimension,
    });
    for (const count of [128, 512]) {
      const { block, labels } = randomBatch(createRandom('batch'), { count, classes: count / 4, dimension });
      for (const definition of registry) {
        const loss = definition.create(definition.options.parse({}));
        const ms = medianMs(runs, () => loss.evaluate(block, labels, { epoch: 0, classVectors }));
        print(`m ${count}: ${definition.name} ${ms.toFixed(1)} ms`);
      }
    }
  },
};
