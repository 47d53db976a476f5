import { z } from 'zod';
import { type SymbolicTensor, tfl } from '../tf.js';
import { defineNetwork, NetworkBuilder } from './network.js';

const options = z.strictObject({
  /** Channels of the first stage; each later stage doubles them. */
  width: z.int().min(4).max(128).default(32),
  /** Residual blocks a stage; ResNet-18 has 2. */
  blocks: z.int().min(1).max(4).default(1),
});

interface Block {
  readonly name: string;
  readonly filters: number;
  readonly stride: number;
}

/** Basic block: two 3×3 convolutions beside the identity, or beside a 1×1 projection where the shape changes. */
function residualBlock(
  build: NetworkBuilder,
  x: SymbolicTensor,
  { name, filters, stride }: Block,
): SymbolicTensor {
  const first = build.relu(
    build.convolution(x, { name: `${name}/a`, filters, kernel: 3, stride }),
    `${name}/a`,
  );
  const second = build.convolution(first, { name: `${name}/b`, filters, kernel: 3, stride: 1 });
  const unchanged = stride === 1 && x.shape.at(-1) === filters;
  const shortcut = unchanged
    ? x
    : build.convolution(x, { name: `${name}/shortcut`, filters, kernel: 1, stride });
  const sum = tfl.layers.add({ name: `${name}/add` }).apply([second, shortcut]) as SymbolicTensor;
  return build.relu(sum, name);
}

/** Residual network of four stages with basic blocks (He et al. 2016), a 3×3 stem of stride 2, no first pooling. */
export const resnet = defineNetwork({
  name: 'resnet',
  options,
  build({ width, blocks }, { inputSize, seed, ...shape }) {
    const build = new NetworkBuilder(seed);
    const image = build.input(inputSize);
    let x = build.relu(
      build.convolution(image, { name: 'stem', filters: width, kernel: 3, stride: 2 }),
      'stem',
    );
    for (let stage = 0; stage < 4; stage++) {
      for (let block = 0; block < blocks; block++) {
        const stride = block === 0 ? 2 : 1;
        x = residualBlock(build, x, {
          name: `stage${stage + 1}/${block + 1}`,
          filters: width << stage,
          stride,
        });
      }
    }
    return tfl.model({ inputs: image, outputs: build.head(x, shape), name: 'resnet' });
  },
});
