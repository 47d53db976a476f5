import { z } from 'zod';
import { AveragePooling } from '../layers/average-pooling.js';
import { type SymbolicTensor, tfl } from '../tf.js';
import { defineNetwork, NetworkBuilder, scaleChannels } from './network.js';

const options = z.strictObject({
  /** Factor on the channels of every layer. */
  width: z.number().min(0.1).max(2).default(1),
  /** Stride of all before the first inception module: 8 as in the paper; 4 and 2 leave out poolings, for small pictures. */
  stemStride: z.literal([2, 4, 8]).default(8),
});

/** Channels of a module's branches. */
interface Module {
  readonly name: string;
  /** The 1×1 branch; 0 = none. */
  readonly single: number;
  /** Reduction and 3×3 of the second branch. */
  readonly triple: readonly [number, number];
  /** Reduction and both 3×3 of the third branch, which stands for a 5×5. */
  readonly double: readonly [number, number];
  /** Projection behind the pooling; 0 = none, and the module halves the side. */
  readonly pool: number;
  readonly pooling: 'average' | 'max';
}

/**
 * The table of the paper's appendix. Its outputs of 576 and 1024 channels need 96 instead of the printed 128 behind the
 * pooling of 4c and 4d.
 */
const modules: readonly Module[] = [
  { name: '3a', single: 64, triple: [64, 64], double: [64, 96], pool: 32, pooling: 'average' },
  { name: '3b', single: 64, triple: [64, 96], double: [64, 96], pool: 64, pooling: 'average' },
  { name: '3c', single: 0, triple: [128, 160], double: [64, 96], pool: 0, pooling: 'max' },
  { name: '4a', single: 224, triple: [64, 96], double: [96, 128], pool: 128, pooling: 'average' },
  { name: '4b', single: 192, triple: [96, 128], double: [96, 128], pool: 128, pooling: 'average' },
  { name: '4c', single: 160, triple: [128, 160], double: [128, 160], pool: 96, pooling: 'average' },
  { name: '4d', single: 96, triple: [128, 192], double: [160, 192], pool: 96, pooling: 'average' },
  { name: '4e', single: 0, triple: [128, 192], double: [192, 256], pool: 0, pooling: 'max' },
  { name: '5a', single: 352, triple: [192, 320], double: [160, 224], pool: 128, pooling: 'average' },
  { name: '5b', single: 352, triple: [192, 320], double: [192, 224], pool: 128, pooling: 'max' },
];

/** 3×3 max pooling that keeps the border. */
const maxPool = (x: SymbolicTensor, name: string, stride: number): SymbolicTensor =>
  tfl.layers.maxPooling2d({ name, poolSize: 3, strides: stride, padding: 'same' }).apply(x) as SymbolicTensor;

/** The paper's network at one width: convolutions are followed by batch normalisation and ReLU. */
class InceptionBuilder {
  constructor(
    private readonly build: NetworkBuilder,
    private readonly width: number,
  ) {}

  /** @param convolution.filters before the factor of the width */
  unit(
    x: SymbolicTensor,
    { name, filters, kernel, stride = 1 }: { name: string; filters: number; kernel: number; stride?: number },
  ): SymbolicTensor {
    const scaled = scaleChannels(filters, this.width);
    return this.build.relu(this.build.convolution(x, { name, filters: scaled, kernel, stride }), name);
  }

  /** 1×1, 3×3, double 3×3 and pooling side by side, concatenated. */
  module(x: SymbolicTensor, { name, single, triple, double, pool, pooling }: Module): SymbolicTensor {
    const stride = pool === 0 ? 2 : 1;
    const branches: SymbolicTensor[] = [];
    if (single > 0) branches.push(this.unit(x, { name: `${name}/1x1`, filters: single, kernel: 1 }));
    let y = this.unit(x, { name: `${name}/3x3/reduce`, filters: triple[0], kernel: 1 });
    branches.push(this.unit(y, { name: `${name}/3x3`, filters: triple[1], kernel: 3, stride }));
    y = this.unit(x, { name: `${name}/double/reduce`, filters: double[0], kernel: 1 });
    y = this.unit(y, { name: `${name}/double/a`, filters: double[1], kernel: 3 });
    branches.push(this.unit(y, { name: `${name}/double/b`, filters: double[1], kernel: 3, stride }));
    const pooled =
      pooling === 'max'
        ? maxPool(x, `${name}/pool`, stride)
        : (new AveragePooling({ name: `${name}/pool`, size: 3 }).apply(x) as SymbolicTensor);
    branches.push(
      pool === 0 ? pooled : this.unit(pooled, { name: `${name}/project`, filters: pool, kernel: 1 }),
    );
    return tfl.layers.concatenate({ name: `${name}/concat`, axis: -1 }).apply(branches) as SymbolicTensor;
  }
}

/**
 * GoogLeNet with batch normalisation (Ioffe & Szegedy 2015, appendix), which Song et al. 2017 train; up to its pooling:
 * 1/32 of the input's side, so 2×2 of 64 pixels, unless the stem's stride is chosen smaller. Without the auxiliary
 * classifiers, and the first convolution is a plain one instead of a separable one.
 */
export const inceptionBn = defineNetwork({
  name: 'inception-bn',
  options,
  build({ width, stemStride }, { inputSize, seed, ...shape }) {
    const build = new NetworkBuilder(seed);
    const inception = new InceptionBuilder(build, width);
    const image = build.input(inputSize);
    let x = inception.unit(image, { name: 'stem/a', filters: 64, kernel: 7, stride: 2 });
    if (stemStride === 8) x = maxPool(x, 'stem/a/pool', 2);
    x = inception.unit(x, { name: 'stem/b/reduce', filters: 64, kernel: 1 });
    x = inception.unit(x, { name: 'stem/b', filters: 192, kernel: 3 });
    if (stemStride !== 2) x = maxPool(x, 'stem/b/pool', 2);
    for (const module of modules) x = inception.module(x, module);
    return tfl.model({ inputs: image, outputs: build.head(x, shape), name: 'inception-bn' });
  },
});
