import { messageOf } from '../../src/errors.js';
import { createRandom } from '../../src/math/random.js';
import { EmbeddingNetwork } from '../../src/train/embedding-network.js';
import { loadEngine } from '../../src/train/engine.js';
import { GraphGradients } from '../../src/train/gradient-graph/graph-gradients.js';
import { type Gradients, inputTensor, recordedGradients } from '../../src/train/gradients.js';
import { facilityLocation } from '../../src/train/losses/facility-location.js';
import { networks } from '../../src/train/networks/index.js';
import { rmsprop } from '../../src/train/optimizers/rmsprop.js';
import { tf } from '../../src/train/tf.js';
import { type Benchmark, medianMs, medianMsOf } from './benchmark.js';

const imageSize = 64;
const runs = 5;
const rates = { learningRate: 1e-3, headLearningRateFactor: 1, weightDecay: 0, clipNorm: 0 };

/** Training step against forward pass, and engine `onnx` against `wasm`, of each network as it is by default: 64 pixels, 64 dimensions, C/m 0.25. */
export const train: Benchmark = {
  name: 'train',
  async run(print) {
    await loadEngine('wasm');
    const cases = networks.flatMap(definition =>
      (definition.name === 'resnet' ? [64, 128] : [64]).map(batchSize => ({ definition, batchSize })),
    );
    for (const { definition, batchSize } of cases) {
      const options = definition.options.parse({});
      const model = definition.build(options, { inputSize: imageSize, dimension: 64, seed: 0 });
      const loss = facilityLocation.create(facilityLocation.options.parse({}));
      const random = createRandom('bench/train');
      const input = Float32Array.from({ length: batchSize * imageSize ** 2 * 3 }, () => random.normal());
      const labels = Array.from({ length: batchSize }, (_, i) => i % (batchSize / 4));
      const perSecond = (ms: number): number => (batchSize * 1000) / ms;
      const measureStep = async (gradients: Gradients): Promise<number> => {
        const optimizer = rmsprop.create(rmsprop.options.parse({}));
        const network = new EmbeddingNetwork(model, optimizer, gradients);
        const step = () => network.step({ input, labels }, loss, { epoch: 0, rates });
        await step();
        return perSecond(await medianMsOf(runs, step));
      };
      const forward = () => tf.dispose(model.predict(inputTensor(model, input)));
      forward();
      const forwardRate = perSecond(medianMs(runs, forward));
      const recorded = await measureStep(recordedGradients(model));
      print(
        `${definition.name}, wasm, batch ${batchSize}: forward ${forwardRate.toFixed(0)} images/s, ` +
          `step ${recorded.toFixed(0)} images/s, ratio ${(recorded / forwardRate).toFixed(3)}`,
      );
      const graph = await GraphGradients.open(model).catch(messageOf);
      if (typeof graph === 'string') {
        print(`${definition.name}, onnx: ${graph}`);
        continue;
      }
      const rate = await measureStep(graph);
      await graph.close();
      print(
        `${definition.name}, onnx, batch ${batchSize}: step ${rate.toFixed(0)} images/s, ` +
          `${(rate / recorded).toFixed(2)} times wasm`,
      );
    }
  },
};
