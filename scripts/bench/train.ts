import { createRandom } from '../../src/math/random.js';
import { EmbeddingNetwork } from '../../src/train/embedding-network.js';
import { loadEngine } from '../../src/train/engine.js';
import { facilityLocation } from '../../src/train/losses/facility-location.js';
import { networks } from '../../src/train/networks/index.js';
import { rmsprop } from '../../src/train/optimizers/rmsprop.js';
import { type Benchmark, medianMs } from './benchmark.js';

const imageSize = 64;
const runs = 5;
const rates = { learningRate: 1e-3, headLearningRateFactor: 1, weightDecay: 0, clipNorm: 0 };

/** Training step against forward pass of each network as it is by default: 64 pixels, 64 dimensions, C/m 0.25. */
export const train: Benchmark = {
  name: 'train',
  async run(print) {
    const engine = await loadEngine();
    const cases = networks.flatMap(definition =>
      (definition.name === 'resnet' ? [64, 128] : [64]).map(batchSize => ({ definition, batchSize })),
    );
    for (const { definition, batchSize } of cases) {
      const options = definition.options.parse({});
      const model = definition.build(options, { inputSize: imageSize, dimension: 64, seed: 0 });
      const network = new EmbeddingNetwork(model, rmsprop.create(rmsprop.options.parse({})));
      const loss = facilityLocation.create(facilityLocation.options.parse({}));
      const random = createRandom('bench/train');
      const input = Float32Array.from({ length: batchSize * imageSize ** 2 * 3 }, () => random.normal());
      const labels = Array.from({ length: batchSize }, (_, i) => i % (batchSize / 4));
      const forward = () => network.embed(input);
      const step = () => network.step({ input, labels }, loss, { epoch: 0, rates });
      forward();
      step();
      const perSecond = (ms: number): number => (batchSize * 1000) / ms;
      const forwardRate = perSecond(medianMs(runs, forward));
      const stepRate = perSecond(medianMs(runs, step));
      print(
        `${definition.name}, ${engine}, batch ${batchSize}: forward ${forwardRate.toFixed(0)} images/s, ` +
          `step ${stepRate.toFixed(0)} images/s, ratio ${(stepRate / forwardRate).toFixed(3)}`,
      );
      network.close();
    }
  },
};
