import type { BatchNorm } from './layers/batch-norm.js';
import { defaultOpset, encodeOnnxModel, type OnnxDraft } from './onnx-format.js';
import {
  activationOf,
  foldable,
  type GraphNode,
  graphOf,
  isNorm,
  type Layer,
  writers,
} from './onnx-layers.js';
import type { LayersModel } from './tf.js';
import { writeNormalisation } from './write-normalisation.js';

/** Layer types that can be exported; a test holds every network to them. */
export const exportableLayers: readonly string[] = ['InputLayer', ...Object.keys(writers)];

/** A network's layers as ONNX, and what to know of them to go on. */
export interface WrittenLayers {
  readonly graph: OnnxDraft;
  /** Tensor that holds the output of the last layer, not normalised: [n, dimension]. */
  readonly last: string;
  readonly dimension: number;
  /** What the network makes of a picture before its head, a mean over space: [n, count]. */
  readonly pooled: { readonly name: string; readonly count: number } | undefined;
  readonly parameters: number;
}

/**
 * Batch normalisation that alone follows a convolution or a dense layer is folded into it.
 * @param input name of the tensor that the network reads
 * @throws Error for a layer type or setting that has no ONNX form here
 */
export function writeLayers(model: LayersModel, input: string): WrittenLayers {
  const nodes = graphOf(model);
  const readers = new Map<string, GraphNode[]>();
  for (const node of nodes) {
    for (const source of node.inputs) readers.set(source, [...(readers.get(source) ?? []), node]);
  }
  const graph: OnnxDraft = { nodes: [], initializers: [] };
  // Name of the tensor that holds each layer's output; a folded normalisation shares its convolution's.
  const names = new Map<string, string>();
  for (const node of nodes) {
    const { layer } = node;
    if (names.has(layer.name)) continue;
    if (node.inputs.length === 0) {
      names.set(layer.name, input);
      continue;
    }
    const resolved = { layer, inputs: node.inputs.map(source => names.get(source) as string) };
    const output = layer.name;
    names.set(layer.name, output);
    const [follower, ...others] = readers.get(layer.name) ?? [];
    const type = layer.getClassName();
    const alone = others.length === 0 && follower !== undefined && isNorm(follower.layer);
    const isLinear = activationOf(layer) === 'linear';
    const norm = type in foldable && alone && isLinear ? (follower.layer as BatchNorm) : undefined;
    if (norm !== undefined) names.set(norm.name, output);
    const writer = writers[type];
    if (writer === undefined) throw new Error(`layer ${layer.name}: ${type} has no ONNX form here`);
    const before = isLinear ? output : `${output}.linear`;
    writer(graph, resolved, { output: before, norm });
    if (!isLinear) graph.nodes.push({ operator: 'Relu', inputs: [before], output, attributes: {} });
  }
  // Scalars are bounds of ReLU6, nothing that was learnt.
  const learnt = graph.initializers.filter(({ dims }) => dims.length > 0);
  const pools = nodes.filter(({ layer }) => layer.getClassName() === 'GlobalAveragePooling2D');
  const pool = pools.at(-1)?.layer;
  return {
    graph,
    pooled: pool && {
      name: names.get(pool.name) as string,
      count: (pool.outputShape as number[]).at(-1) as number,
    },
    last: names.get((model.outputs[0].sourceLayer as Layer).name) as string,
    dimension: model.outputs[0].shape.at(-1) as number,
    parameters: learnt.reduce((sum, { data }) => sum + data.length, 0),
  };
}

/**
 * Writes a network as ONNX: input `image` [n, 3, height, width] (NCHW, any size), output `embedding` [n, dimension],
 * L2-normalised, and the mean over space that its head reads, if it does.
 * @returns the encoded model, its number of parameters and the name of the output of that mean
 * @throws Error as `writeLayers`
 */
export function exportOnnx(model: LayersModel): {
  readonly bytes: Uint8Array;
  readonly parameters: number;
  readonly features: string | undefined;
} {
  const { graph, last, dimension, parameters, pooled } = writeLayers(model, 'image');
  writeNormalisation(graph, { input: last, output: 'embedding', opset: defaultOpset });
  const bytes = encodeOnnxModel(graph, {
    inputs: [{ name: 'image', dims: ['n', 3, 'height', 'width'] }],
    outputs: [
      { name: 'embedding', dims: ['n', dimension] },
      ...(pooled === undefined ? [] : [{ name: pooled.name, dims: ['n', pooled.count] }]),
    ],
  });
  return { bytes, parameters, features: pooled?.name };
}
