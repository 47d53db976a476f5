import type { AveragePooling } from './layers/average-pooling.js';
import type { BatchNorm } from './layers/batch-norm.js';
import type { OnnxDraft } from './onnx-format.js';
import type { LayersModel, tfl } from './tf.js';

export type Layer = tfl.layers.Layer;

/** What the export needs to know of a layer's place in the graph. */
export interface GraphNode {
  readonly layer: Layer;
  /** Names of the layers it reads. */
  readonly inputs: readonly string[];
}

/** Layers in the order in which they run. */
export function graphOf(model: LayersModel): GraphNode[] {
  return model.layers.map(layer => {
    const inbound = layer.inboundNodes[0];
    return { layer, inputs: (inbound?.inboundLayers ?? []).map(source => source.name) };
  });
}

/** The activation that a layer has in itself: `linear` or `relu`. @throws Error for any other */
export function activationOf(layer: Layer): string {
  const activation = String(configOf(layer).activation ?? 'linear');
  if (activation === 'linear' || activation === 'relu') return activation;
  throw new Error(`layer ${layer.name}: expected activation relu or linear, got ${activation}`);
}

interface LayerWeight {
  readonly shape: number[];
  readonly data: Float32Array;
}

const weightsOf = (layer: Layer): LayerWeight[] =>
  layer.getWeights().map(weight => ({ shape: weight.shape, data: weight.dataSync() as Float32Array }));

export const configOf = (layer: Layer): Record<string, unknown> =>
  layer.getConfig() as Record<string, unknown>;

/** [fh, fw, in, out] → ONNX [out, in, fh, fw], each output channel times `scale`. */
function convolutionWeights(filter: LayerWeight, scale?: Float32Array): Float32Array {
  const [height, width, inputs, outputs] = filter.shape;
  const target = new Float32Array(filter.data.length);
  for (let k = 0; k < height * width; k++) {
    for (let i = 0; i < inputs; i++) {
      for (let o = 0; o < outputs; o++) {
        const value = filter.data[(k * inputs + i) * outputs + o];
        target[(o * inputs + i) * height * width + k] = value * (scale?.[o] ?? 1);
      }
    }
  }
  return target;
}

const samePadding = (padding: unknown, layer: string): string => {
  if (padding === 'same') return 'SAME_UPPER';
  if (padding === 'valid') return 'VALID';
  throw new Error(`layer ${layer}: expected padding same or valid, got ${String(padding)}`);
};

/**
 * Writers of one layer type each: they append nodes, the last of which answers `output`. `norm` is a batch
 * normalisation to be folded in; only the types in `foldable` are given one.
 */
export type Writer = (graph: OnnxDraft, node: GraphNode, target: Target) => void;

interface Target {
  readonly output: string;
  readonly norm?: BatchNorm | undefined;
}

/** y = (x + bias)·scale + shift of the folded normalisation, as one bias. */
const foldedBias = (
  channels: number,
  bias?: Float32Array,
  norm?: ReturnType<BatchNorm['affine']>,
): Float32Array =>
  Float32Array.from(
    { length: channels },
    (_, c) => (bias?.[c] ?? 0) * (norm?.scale[c] ?? 1) + (norm?.shift[c] ?? 0),
  );

export const isNorm = (layer: Layer): layer is BatchNorm => layer.getClassName() === 'MedoidBatchNorm';

/** @param groups 1, or as many as channels, of one input channel each; filter [fh, fw, in / groups, out] */
function pushConvolution(
  graph: OnnxDraft,
  { layer, inputs }: GraphNode,
  { output, norm, filter, groups }: Target & { filter: LayerWeight; groups: number },
): void {
  const { strides, padding, dilationRate } = configOf(layer);
  if (![dilationRate].flat().every(rate => rate === 1))
    throw new Error(`layer ${layer.name}: expected no dilation, got ${String(dilationRate)}`);
  const [, bias] = weightsOf(layer);
  const affine = norm?.affine();
  const [height, width, inChannels, channels] = filter.shape;
  graph.initializers.push(
    {
      name: `${output}.weight`,
      dims: [channels, inChannels, height, width],
      data: convolutionWeights(filter, affine?.scale),
    },
    { name: `${output}.bias`, dims: [channels], data: foldedBias(channels, bias?.data, affine) },
  );
  graph.nodes.push({
    operator: 'Conv',
    inputs: [inputs[0], `${output}.weight`, `${output}.bias`],
    output,
    attributes: {
      ...(groups === 1 ? {} : { group: groups }),
      strides: strides as number[],
      kernel_shape: [height, width],
      auto_pad: samePadding(padding, layer.name),
    },
  });
}

const writeConvolution: Writer = (graph, node, target) =>
  pushConvolution(graph, node, { ...target, filter: weightsOf(node.layer)[0], groups: 1 });

/** A convolution with as many groups as channels: filter [fh, fw, in, 1] → ONNX [in, 1, fh, fw]. */
const writeDepthwise: Writer = (graph, node, target) => {
  const [{ shape, data }] = weightsOf(node.layer);
  const [height, width, channels, multiplier] = shape;
  if (multiplier !== 1)
    throw new Error(`layer ${node.layer.name}: expected a depth multiplier of 1, got ${multiplier}`);
  const filter = { shape: [height, width, 1, channels], data };
  pushConvolution(graph, node, { ...target, filter, groups: channels });
};

const writeDense: Writer = (graph, { layer, inputs }, { output, norm }) => {
  const [kernel, bias] = weightsOf(layer);
  const affine = norm?.affine();
  const units = kernel.shape[1];
  const scaled = kernel.data.map((value, k) => value * (affine?.scale[k % units] ?? 1));
  graph.initializers.push(
    { name: `${output}.weight`, dims: kernel.shape, data: scaled },
    { name: `${output}.bias`, dims: [units], data: foldedBias(units, bias?.data, affine) },
  );
  const names = [inputs[0], `${output}.weight`, `${output}.bias`];
  graph.nodes.push({ operator: 'Gemm', inputs: names, output, attributes: {} });
};

/** Layers that take a batch normalisation which alone follows them into their own weights. */
export const foldable: Readonly<Record<string, Writer>> = {
  Conv2D: writeConvolution,
  DepthwiseConv2D: writeDepthwise,
  Dense: writeDense,
};

export const writers: Readonly<Record<string, Writer>> = {
  ...foldable,
  ReLU: (graph, { inputs, layer }, { output }) => {
    const { maxValue } = configOf(layer);
    if (maxValue !== undefined && maxValue !== null)
      throw new Error(`layer ${layer.name}: expected no maximum, got ${String(maxValue)}`);
    graph.nodes.push({ operator: 'Relu', inputs: [inputs[0]], output, attributes: {} });
  },
  MedoidReLU6: (graph, { inputs }, { output }) => {
    const [floor, ceiling] = [`${output}.floor`, `${output}.ceiling`];
    graph.initializers.push(
      { name: floor, dims: [], data: Float32Array.of(0) },
      { name: ceiling, dims: [], data: Float32Array.of(6) },
    );
    graph.nodes.push({ operator: 'Clip', inputs: [inputs[0], floor, ceiling], output, attributes: {} });
  },
  Activation: (graph, { inputs }, { output }) => {
    // What else it may be, the export has written or refused by then.
    graph.nodes.push({ operator: 'Identity', inputs: [inputs[0]], output, attributes: {} });
  },
  ZeroPadding2D: (graph, { inputs, layer }, { output }) => {
    const [[top, bottom], [left, right]] = (configOf(layer) as Record<string, number[][]>).padding;
    const pads = BigInt64Array.from([0, 0, top, left, 0, 0, bottom, right].map(BigInt));
    graph.initializers.push({ name: `${output}.pads`, dims: [8], data: pads });
    graph.nodes.push({ operator: 'Pad', inputs: [inputs[0], `${output}.pads`], output, attributes: {} });
  },
  Concatenate: (graph, { inputs, layer }, { output }) => {
    const { axis } = configOf(layer);
    const rank = (layer.outputShape as number[]).length;
    if (axis !== -1 && axis !== rank - 1)
      throw new Error(`layer ${layer.name}: expected channels to be concatenated, got axis ${String(axis)}`);
    graph.nodes.push({ operator: 'Concat', inputs: [...inputs], output, attributes: { axis: 1 } });
  },
  Add: (graph, { inputs, layer }, { output }) => {
    if (inputs.length !== 2) throw new Error(`layer ${layer.name}: expected 2 inputs, got ${inputs.length}`);
    graph.nodes.push({ operator: 'Add', inputs: [...inputs], output, attributes: {} });
  },
  MaxPooling2D: (graph, { inputs, layer }, { output }) => {
    const { poolSize, strides, padding } = configOf(layer) as Record<string, number[]>;
    const attributes = { kernel_shape: poolSize, strides, auto_pad: samePadding(padding, layer.name) };
    graph.nodes.push({ operator: 'MaxPool', inputs: [inputs[0]], output, attributes });
  },
  MedoidAveragePooling: (graph, { inputs, layer }, { output }) => {
    const { size } = layer as AveragePooling;
    // Without the padding in the mean, as TensorFlow.js has it.
    const attributes = { kernel_shape: [size, size], auto_pad: 'SAME_UPPER', count_include_pad: 0 };
    graph.nodes.push({ operator: 'AveragePool', inputs: [inputs[0]], output, attributes });
  },
  GlobalAveragePooling2D: (graph, { inputs }, { output }) => {
    const pooled = `${output}.pooled`;
    graph.nodes.push(
      { operator: 'GlobalAveragePool', inputs: [inputs[0]], output: pooled, attributes: {} },
      { operator: 'Flatten', inputs: [pooled], output, attributes: { axis: 1 } },
    );
  },
  // One that could not be folded: y = x·scale + shift per channel.
  MedoidBatchNorm: (graph, { inputs, layer }, { output }) => {
    const { scale, shift } = (layer as BatchNorm).affine();
    const rank = (layer.outputShape as number[]).length;
    const dims = [1, scale.length, 1, 1].slice(0, rank);
    graph.initializers.push(
      { name: `${output}.scale`, dims, data: scale },
      { name: `${output}.shift`, dims, data: shift },
    );
    graph.nodes.push(
      { operator: 'Mul', inputs: [inputs[0], `${output}.scale`], output: `${output}.scaled`, attributes: {} },
      { operator: 'Add', inputs: [`${output}.scaled`, `${output}.shift`], output, attributes: {} },
    );
  },
};
