import type { z } from 'zod';
import { BatchNorm } from '../layers/batch-norm.js';
import { ReLU6 } from '../layers/relu6.js';
import { type SymbolicTensor, tfl } from '../tf.js';

/** What every network is built for. */
export interface NetworkShape {
  /** Side of the square RGB input in pixels; a head on cached features has none. */
  readonly inputSize: number;
  /** Length of the embedding. */
  readonly dimension: number;
  /** Units of a hidden layer before the embedding; 0, the default, = none: a linear head. */
  readonly hiddenUnits?: number;
  readonly seed: number;
}

/** A network that can be built again and again, and what identifies it in settings and manifests. */
export interface NetworkSource {
  readonly settings: { readonly name: string; readonly options: Readonly<Record<string, unknown>> };
  /** @throws MedoidError when it cannot be of this shape */
  build(shape: NetworkShape): Promise<tfl.LayersModel>;
  /** Of a pretrained one, what the head reads: [n, features]. */
  buildTrunk?(inputSize: number): Promise<tfl.LayersModel>;
}

/** A network by name: its options with their defaults, and how it is built. Output: [n, dimension], not normalised. */
export interface NetworkDefinition<Options extends z.ZodType = z.ZodType> {
  readonly name: string;
  readonly options: Options;
  build(options: z.output<Options>, shape: NetworkShape): tfl.LayersModel;
}

/** Keeps the types of one network's options while the registry forgets them. */
export const defineNetwork = <Options extends z.ZodType>(
  definition: NetworkDefinition<Options>,
): NetworkDefinition => definition as unknown as NetworkDefinition;

export interface ConvolutionOptions {
  readonly name: string;
  readonly filters: number;
  readonly kernel: number;
  readonly stride: number;
}

/** [n, h, w, channels] → [n, channels]; [n, channels] stays. */
export const averageOverSpace = (x: SymbolicTensor, name = 'pool'): SymbolicTensor =>
  x.rank === 4 ? (tfl.layers.globalAveragePooling2d({ name }).apply(x) as SymbolicTensor) : x;

/** channels·width to the nearest multiple of 8, at least 8. */
export const scaleChannels = (channels: number, width: number): number =>
  Math.max(8, Math.round((channels * width) / 8) * 8);

/** Whether a weight is one of the layers `head` and `head/…`. @param name as a layer gave it */
export const isOfHead = (name: string): boolean => name.startsWith('head/');

/** The pieces networks are made of, each seeded by its own name so that adding one leaves the others as they were. */
export class NetworkBuilder {
  private layer = 0;

  constructor(private readonly seed: number) {}

  input(size: number): SymbolicTensor {
    return tfl.input({ shape: [size, size, 3], name: 'image' });
  }

  /** Convolution without bias, then batch normalisation. */
  convolution(x: SymbolicTensor, { name, filters, kernel, stride }: ConvolutionOptions): SymbolicTensor {
    const convolved = tfl.layers
      .conv2d({
        name: `${name}/conv`,
        filters,
        kernelSize: kernel,
        strides: stride,
        padding: 'same',
        useBias: false,
        kernelInitializer: tfl.initializers.heNormal({ seed: this.nextSeed() }),
      })
      .apply(x);
    return new BatchNorm({ name: `${name}/norm` }).apply(convolved) as SymbolicTensor;
  }

  /** Depthwise convolution without bias, then batch normalisation. */
  depthwise(
    x: SymbolicTensor,
    { name, kernel, stride }: Omit<ConvolutionOptions, 'filters'>,
  ): SymbolicTensor {
    const convolved = tfl.layers
      .depthwiseConv2d({
        name: `${name}/conv`,
        kernelSize: kernel,
        strides: stride,
        padding: 'same',
        useBias: false,
        // What He initialisation is for the kernel² inputs of each output; TensorFlow.js would count all channels.
        depthwiseInitializer: tfl.initializers.truncatedNormal({
          stddev: Math.sqrt(2) / kernel,
          seed: this.nextSeed(),
        }),
      })
      .apply(x);
    return new BatchNorm({ name: `${name}/norm` }).apply(convolved) as SymbolicTensor;
  }

  relu(x: SymbolicTensor, name: string): SymbolicTensor {
    return tfl.layers.reLU({ name: `${name}/relu` }).apply(x) as SymbolicTensor;
  }

  relu6(x: SymbolicTensor, name: string): SymbolicTensor {
    return new ReLU6({ name: `${name}/relu6` }).apply(x) as SymbolicTensor;
  }

  /**
   * Mean over space unless there is none, a hidden layer if wanted, the linear embedding, and a normalisation that gives each of its dimensions mean 0 and variance
   * 1 over the batch: without it a distance-based loss on an untrained network first shrinks all distances alike
   * (docs/decisions/0003).
   */
  head(
    x: SymbolicTensor,
    { dimension, hiddenUnits = 0 }: Pick<NetworkShape, 'dimension' | 'hiddenUnits'>,
  ): SymbolicTensor {
    const pooled = averageOverSpace(x);
    const last = hiddenUnits === 0 ? pooled : this.hiddenLayer(pooled, hiddenUnits);
    const embedding = this.dense('head', dimension).apply(last);
    return new BatchNorm({ name: 'head/norm', affine: false }).apply(embedding) as SymbolicTensor;
  }

  private hiddenLayer(x: SymbolicTensor, units: number): SymbolicTensor {
    const hidden = this.dense('head/hidden', units).apply(x);
    const normalised = new BatchNorm({ name: 'head/hidden/norm' }).apply(hidden) as SymbolicTensor;
    return this.relu(normalised, 'head/hidden');
  }

  private dense(name: string, units: number): tfl.layers.Layer {
    const kernelInitializer = tfl.initializers.glorotNormal({ seed: this.nextSeed() });
    return tfl.layers.dense({ name, units, useBias: false, kernelInitializer });
  }

  private nextSeed(): number {
    // TensorFlow.js takes a seed of 0 for "none", so seeds start at 1.
    return this.seed * 1000 + ++this.layer;
  }
}
