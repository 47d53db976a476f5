import { z } from 'zod';
import { MedoidError } from '../../errors.js';
import { type SymbolicTensor, tfl } from '../tf.js';
import { defineNetwork, NetworkBuilder } from './network.js';

const options = z.strictObject({
  /** Channels of the first stage; each later stage doubles them. */
  width: z.int().min(4).max(128).default(16),
  stages: z.int().min(2).max(5).default(4),
});

/** Plain stack: 3×3 convolution, batch normalisation, ReLU and 2×2 max pooling a stage. The quickest to try with. */
export const smallConv = defineNetwork({
  name: 'small-conv',
  options,
  build({ width, stages }, { inputSize, seed, ...shape }) {
    if (inputSize >> stages === 0) {
      throw new MedoidError(
        'invalid-option',
        `small-conv with ${stages} stages expects pictures of at least ${2 ** stages} pixels, got ${inputSize}`,
        { field: 'imageSize' },
      );
    }
    const build = new NetworkBuilder(seed);
    const image = build.input(inputSize);
    let x = image;
    for (let stage = 0; stage < stages; stage++) {
      const name = `stage${stage + 1}`;
      const filters = width << stage;
      x = build.relu(build.convolution(x, { name, filters, kernel: 3, stride: 1 }), name);
      x = tfl.layers.maxPooling2d({ name: `${name}/pool`, poolSize: 2 }).apply(x) as SymbolicTensor;
    }
    return tfl.model({ inputs: image, outputs: build.head(x, shape), name: 'small-conv' });
  },
});
