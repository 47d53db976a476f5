import { MedoidError } from '../../errors.js';
import type { BatchNorm } from '../layers/batch-norm.js';
import { activationOf, configOf, type Layer } from '../onnx-layers.js';
import type { Axis, BlockedOperators, Convolution } from './blocked-operators.js';
import type { GraphWriter } from './graph-writer.js';

/** Output of a layer while the forward graph is written; operators that take more than one step at once wait for it. */
export class Value {
  private name: string | undefined;

  /**
   * @param shape [n, h, w, c] or [n, c], as layers have it; images lie in memory as [n, c, h, w]
   * @param emit writes the operator that answers it, with a ReLU behind it if asked for
   * @param emitSum the same with something added before that ReLU, where one operator does it all
   */
  constructor(
    readonly shape: readonly number[],
    readonly emit: (relu: boolean) => string,
    readonly emitSum?: (sum: string, relu: boolean) => string,
  ) {}

  read(): string {
    this.name ??= this.emit(false);
    return this.name;
  }
}

/** One of the two graphs of a network. */
export interface Side {
  readonly write: GraphWriter;
  readonly blocked: BlockedOperators;
}

/** A layer in its place in the network. */
export interface Place {
  readonly layer: Layer;
  readonly inputs: readonly Value[];
  readonly forward: Side;
  readonly backward: Side;
  /** Name of the input of both graphs that holds one of the layer's weights. */
  weight(index: number): string;
  /** Keeps a tensor of the forward graph for the backward graph, where it has the same name. */
  keep(name: string, dims: readonly number[]): string;
  /** Says which tensor of the backward graph is ∂/∂weight, of the weight's shape. */
  learn(index: number, gradient: string): void;
  /** Says which tensors of the forward graph, [c] each, are mean and variance of a normalisation's batch. */
  observe(mean: string, variance: string): void;
}

/** Writes ∂/∂input into the backward graph, added to `sum` if there is one, and answers its name. */
export type Contribution = (sum?: string) => string;

export interface WrittenLayer {
  readonly value: Value;
  /** Writes what ∂/∂output, `dy`, means for the weights, and answers what it means for each input. */
  backward(dy: string): readonly Contribution[];
}

/** @throws MedoidError `engine-unavailable` where the setting of a layer has no gradient here */
export type LayerGradient = (place: Place) => WrittenLayer;

/** @throws MedoidError `engine-unavailable` */
export function refuse(layer: Layer, what: string): never {
  throw new MedoidError('engine-unavailable', `layer ${layer.name}: ${what}`);
}

const memoryShape = ({ shape }: Value): number[] =>
  shape.length === 4 ? [shape[0], shape[3], shape[1], shape[2]] : [...shape];

const channelsOf = ({ shape }: Value): number => shape.at(-1) as number;

function requireBlocks(layer: Layer, channels: number, block: number): void {
  if (channels % block !== 0) refuse(layer, `expected a multiple of ${block} channels, got ${channels}`);
}

function axisOf(sizes: { input: number; filter: number; stride: number }, padding: unknown): Axis {
  const { input, filter, stride } = sizes;
  if (padding === 'valid') return { ...sizes, output: Math.floor((input - filter) / stride) + 1, before: 0 };
  const output = Math.ceil(input / stride);
  return { ...sizes, output, before: Math.floor(Math.max(0, (output - 1) * stride + filter - input) / 2) };
}

/** What `--init` brings may have an activation in the layer itself. */
function requireLinear(layer: Layer): void {
  const activation = activationOf(layer);
  if (activation !== 'linear') refuse(layer, `expected no activation, got ${activation}`);
}

function convolutionOf(layer: Layer, { shape }: Value, block: number): Convolution {
  const { strides, padding, dilationRate, useBias, kernelSize, filters } = configOf(layer) as {
    readonly [option: string]: unknown;
    readonly strides: number[];
    readonly kernelSize: number[];
    readonly filters: number;
  };
  requireLinear(layer);
  if (useBias !== false) refuse(layer, 'expected no bias');
  if (strides[0] !== strides[1]) refuse(layer, `expected equal strides, got ${strides}`);
  if ([dilationRate].flat().some(rate => rate !== 1)) refuse(layer, 'expected no dilation');
  const [batch, height, width, inChannels] = shape;
  requireBlocks(layer, filters, block);
  if (inChannels >= block) requireBlocks(layer, inChannels, block);
  const [vertical, horizontal] = [height, width].map((input, i) =>
    axisOf({ input, filter: kernelSize[i], stride: strides[i] }, padding),
  );
  return { batch, inChannels, outChannels: filters, vertical, horizontal };
}

const convolution: LayerGradient = ({ layer, inputs: [x], forward, backward, weight, keep, learn }) => {
  const shape = convolutionOf(layer, x, forward.blocked.block);
  const { batch, vertical, horizontal, outChannels } = shape;
  const output = forward.blocked.convolve(x.read(), weight(0), shape);
  const read = keep(x.read(), memoryShape(x));
  return {
    value: new Value([batch, vertical.output, horizontal.output, outChannels], relu =>
      relu ? forward.write.node('Relu', [output]) : output,
    ),
    backward(dy) {
      learn(0, backward.blocked.filterGradient(read, dy, shape));
      return [sum => backward.blocked.inputGradient(dy, weight(0), shape, sum)];
    },
  };
};

const dense: LayerGradient = ({ layer, inputs: [x], forward, backward, weight, keep, learn }) => {
  const { useBias, units } = configOf(layer) as { readonly useBias: boolean; readonly units: number };
  requireLinear(layer);
  if (useBias) refuse(layer, 'expected no bias');
  const output = forward.write.node('MatMul', [x.read(), weight(0)]);
  const read = keep(x.read(), memoryShape(x));
  return {
    value: new Value([x.shape[0], units], relu => (relu ? forward.write.node('Relu', [output]) : output)),
    backward(dy) {
      const { write } = backward;
      learn(0, write.node('Gemm', [read, dy], { transA: 1 }));
      return [
        sum => {
          const dx = write.node('Gemm', [dy, weight(0)], { transB: 1 });
          return write.add(dx, sum);
        },
      ];
    },
  };
};

/**
 * With x̂ = (x − mean)·inverse and y = γ·x̂ + β:
 *   ∂x = γ·inverse·(dy − mean(dy) − x̂·mean(dy·x̂)), ∂γ = Σ dy·x̂, ∂β = Σ dy
 * written as one scale and one shift per channel of x and of dy.
 */
const batchNorm: LayerGradient = place => {
  const {
    layer,
    inputs: [x],
    forward,
    backward,
    weight,
    keep,
    learn,
    observe,
  } = place;
  const channels = channelsOf(x);
  const isImage = x.shape.length === 4;
  if (isImage) requireBlocks(layer, channels, forward.blocked.block);
  const meansIn = ({ write, blocked }: Side, tensor: string): string =>
    isImage
      ? blocked.channelMeans(tensor, { channels })
      : write.node('ReduceMean', [tensor], { axes: [0], keepdims: 0 });
  const { write } = forward;
  const input = x.read();
  const mean = meansIn(forward, input);
  const square = meansIn(forward, write.multiply(input, input));
  const variance = write.node('Relu', [write.subtract(square, write.multiply(mean, mean))]);
  const { epsilon } = layer as BatchNorm;
  const deviation = write.node('Sqrt', [write.add(variance, write.scalar(epsilon))]);
  const inverse = write.node('Reciprocal', [deviation]);
  const scale = write.multiply(weight(0), inverse);
  const shift = write.subtract(weight(1), write.multiply(mean, scale));
  observe(mean, variance);
  const read = keep(input, memoryShape(x));
  const [keptMean, keptInverse] = [mean, inverse].map(name => keep(name, [channels]));
  const value = isImage
    ? new Value(
        x.shape,
        relu => forward.blocked.affine(input, { scale, shift }, { channels, relu }),
        (sum, relu) => forward.blocked.affine(input, { scale, shift, sum }, { channels, relu }),
      )
    : new Value(x.shape, relu => {
        const y = write.add(write.multiply(input, scale), shift);
        return relu ? write.node('Relu', [y]) : y;
      });
  return {
    value,
    backward(dy) {
      const { write: back, blocked } = backward;
      const meanSlope = meansIn(backward, dy);
      const meanProduct = meansIn(backward, back.multiply(dy, read));
      const centred = back.subtract(meanProduct, back.multiply(keptMean, meanSlope));
      const alignment = back.multiply(centred, keptInverse); // mean(dy·x̂)
      const count = back.scalar(x.shape.slice(0, -1).reduce((product, side) => product * side, 1));
      learn(0, back.multiply(alignment, count));
      learn(1, back.multiply(meanSlope, count));
      const ofSlope = back.multiply(weight(0), keptInverse);
      const ofInput = back.node('Neg', [back.multiply(back.multiply(ofSlope, keptInverse), alignment)]);
      const constant = back.node('Neg', [
        back.add(back.multiply(ofSlope, meanSlope), back.multiply(ofInput, keptMean)),
      ]);
      return [
        sum => {
          if (isImage) {
            const part = blocked.affine(read, { scale: ofInput, sum }, { channels });
            return blocked.affine(dy, { scale: ofSlope, shift: constant, sum: part }, { channels });
          }
          const part = back.add(back.multiply(read, ofInput), back.multiply(dy, ofSlope));
          const dx = back.add(part, constant);
          return back.add(dx, sum);
        },
      ];
    },
  };
};

const passOn =
  ({ write }: Side, dy: string): Contribution =>
  sum =>
    write.add(dy, sum);

const relu: LayerGradient = ({ layer, inputs: [x], backward, keep }) => {
  const { maxValue } = configOf(layer);
  if (maxValue !== undefined && maxValue !== null) refuse(layer, 'expected no maximum');
  const output = x.emit(true);
  const kept = keep(output, memoryShape(x));
  return {
    value: new Value(x.shape, () => output),
    backward(dy) {
      const { write, blocked } = backward;
      const open =
        x.shape.length === 4
          ? blocked.positive(kept, { channels: channelsOf(x) })
          : write.node('Sign', [kept]);
      return [passOn(backward, write.multiply(dy, open))];
    },
  };
};

const addition: LayerGradient = ({ layer, inputs, forward, backward }) => {
  if (inputs.length !== 2) refuse(layer, `expected 2 inputs, got ${inputs.length}`);
  const [a, b] = inputs[0].emitSum === undefined ? [inputs[1], inputs[0]] : inputs;
  const emit = (rectified: boolean): string => {
    if (a.emitSum !== undefined) return a.emitSum(b.read(), rectified);
    const sum = forward.write.add(a.read(), b.read());
    return rectified ? forward.write.node('Relu', [sum]) : sum;
  };
  return {
    value: new Value(a.shape, emit),
    backward: dy => [passOn(backward, dy), passOn(backward, dy)],
  };
};

const globalAverage: LayerGradient = ({ inputs: [x], forward, backward }) => {
  const [batch, height, width, channels] = x.shape;
  const output = forward.blocked.imageMeans(x.read(), { channels });
  return {
    value: new Value([batch, channels], relu => (relu ? forward.write.node('Relu', [output]) : output)),
    backward: dy => [
      sum => {
        const { write, blocked } = backward;
        const share = write.multiply(dy, write.scalar(1 / (height * width)));
        const dx = blocked.spread(share, { batch, height, width, channels });
        return write.add(dx, sum);
      },
    ],
  };
};

/** By the class name of the layer. */
export const layerGradients: Readonly<Record<string, LayerGradient>> = {
  Conv2D: convolution,
  Dense: dense,
  MedoidBatchNorm: batchNorm,
  ReLU: relu,
  Add: addition,
  GlobalAveragePooling2D: globalAverage,
};
