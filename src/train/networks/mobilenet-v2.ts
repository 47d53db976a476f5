import { z } from 'zod';
import { type SymbolicTensor, tfl } from '../tf.js';
import { defineNetwork, NetworkBuilder, scaleChannels } from './network.js';

const options = z.strictObject({
  /** Factor on the channels of every layer; the last before the pooling never has fewer than the paper's 1280. */
  width: z.number().min(0.1).max(2).default(1),
  /** Stride of the first convolution: 2 as in the paper, 1 for pictures of 64 pixels and fewer, at 4 times the cost. */
  stemStride: z.int().min(1).max(2).default(2),
});

/** Table 2 of the paper: expansion t, channels c, repetitions n, stride s of the first. */
const stages = [
  { expansion: 1, channels: 16, blocks: 1, stride: 1 },
  { expansion: 6, channels: 24, blocks: 2, stride: 2 },
  { expansion: 6, channels: 32, blocks: 3, stride: 2 },
  { expansion: 6, channels: 64, blocks: 4, stride: 2 },
  { expansion: 6, channels: 96, blocks: 3, stride: 1 },
  { expansion: 6, channels: 160, blocks: 3, stride: 2 },
  { expansion: 6, channels: 320, blocks: 1, stride: 1 },
] as const;

interface Bottleneck {
  readonly name: string;
  readonly expansion: number;
  readonly filters: number;
  readonly stride: number;
}

/**
 * Inverted residual: 1×1 expansion and 3×3 depthwise convolution, each with ReLU6, then a linear 1×1 projection; beside
 * the identity where the shape stays.
 */
function invertedResidual(
  build: NetworkBuilder,
  x: SymbolicTensor,
  { name, expansion, filters, stride }: Bottleneck,
): SymbolicTensor {
  const inputs = x.shape.at(-1) as number;
  let y = x;
  if (expansion !== 1) {
    const expanded = { name: `${name}/expand`, filters: inputs * expansion, kernel: 1, stride: 1 };
    y = build.relu6(build.convolution(y, expanded), expanded.name);
  }
  const depthwise = { name: `${name}/depthwise`, kernel: 3, stride };
  y = build.relu6(build.depthwise(y, depthwise), depthwise.name);
  y = build.convolution(y, { name: `${name}/project`, filters, kernel: 1, stride: 1 });
  if (stride !== 1 || inputs !== filters) return y;
  return tfl.layers.add({ name: `${name}/add` }).apply([x, y]) as SymbolicTensor;
}

/** MobileNetV2 (Sandler et al. 2018, table 2) up to its pooling: 1/32 of the input's side, so 2×2 of 64 pixels. */
export const mobilenetV2 = defineNetwork({
  name: 'mobilenet-v2',
  options,
  build({ width, stemStride }, { inputSize, seed, ...shape }) {
    const build = new NetworkBuilder(seed);
    const image = build.input(inputSize);
    const stem = { name: 'stem', filters: scaleChannels(32, width), kernel: 3, stride: stemStride };
    let x = build.relu6(build.convolution(image, stem), stem.name);
    for (const [i, { expansion, channels, blocks, stride }] of stages.entries()) {
      for (let block = 0; block < blocks; block++) {
        x = invertedResidual(build, x, {
          name: `stage${i + 1}/${block + 1}`,
          expansion,
          filters: scaleChannels(channels, width),
          stride: block === 0 ? stride : 1,
        });
      }
    }
    const last = { name: 'last', filters: scaleChannels(1280, Math.max(1, width)), kernel: 1, stride: 1 };
    x = build.relu6(build.convolution(x, last), last.name);
    return tfl.model({ inputs: image, outputs: build.head(x, shape), name: 'mobilenet-v2' });
  },
});
