import type { BatchNorm } from './layers/batch-norm.js';
import { encodeOnnxModel, type OnnxValue } from './onnx-format.js';
import {
  activationOf,
  foldable,
  type Graph,
  type GraphNode,
  isNorm,
  type Layer,
  writers,
} from './onnx-layers.js';
import type { LayersModel } from './tf.js';

/** Layer types that can be exported; a test holds every network to them. */
export const exportableLayers: readonly string[] = ['InputLayer', ...Object.keys(writers)];

function graphOf(model: LayersModel): GraphNode[] {
  return model.layers.map(layer => {
    const inbound = layer.inboundNodes[0];
    return { layer, inputs: (inbound?.inboundLayers ?? []).map(source => source.name) };
  });
}

const inputOf = ({ inputs: [{ shape }] }: LayersModel): OnnxValue =>
  shape.length === 2
    ? { name: 'features', dims: ['n', shape[1] as number] }
    : { name: 'image', dims: ['n', 3, 'height', 'width'] };

/**
 * Writes a network as ONNX: input `image` [n, 3, height, width] (NCHW, any size) or `features` [n, length], output
 * `embedding` [n, dimension], L2-normalised. Batch normalisation that alone follows a convolution is folded into it.
 * @returns the encoded model and its number of parameters
 * @throws Error for a layer type or setting that has no ONNX form here
 */
export function exportOnnx(model: LayersModel): { bytes: Uint8Array; parameters: number } {
  const nodes = graphOf(model);
  const readers = new Map<string, GraphNode[]>();
  for (const node of nodes) {
    for (const input of node.inputs) readers.set(input, [...(readers.get(input) ?? []), node]);
  }
  const graph: Graph = { nodes: [], initializers: [] };
  const input = inputOf(model);
  // Name of the tensor that holds each layer's output; a folded normalisation shares its convolution's.
  const names = new Map<string, string>();
  for (const node of nodes) {
    const { layer } = node;
    if (names.has(layer.name)) continue;
    if (node.inputs.length === 0) {
      names.set(layer.name, input.name);
      continue;
    }
    const resolved = { layer, inputs: node.inputs.map(input => names.get(input) as string) };
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
  const last = names.get((model.outputs[0].sourceLayer as Layer).name) as string;
  // Scalars are bounds of ReLU6, nothing that was learnt.
  const learnt = graph.initializers.filter(({ dims }) => dims.length > 0);
  const parameters = learnt.reduce((sum, { data }) => sum + data.length, 0);
  writeNormalisation(graph, last);
  const dimension = model.outputs[0].shape.at(-1) as number;
  const bytes = encodeOnnxModel(graph, {
    input,
    output: { name: 'embedding', dims: ['n', dimension] },
  });
  return { bytes, parameters };
}

/** x / max(‖x‖₂, 1e-6) per row. */
function writeNormalisation(graph: Graph, input: string): void {
  graph.initializers.push({ name: 'embedding.floor', dims: [1], data: Float32Array.of(1e-6) });
  graph.nodes.push(
    {
      operator: 'ReduceL2',
      inputs: [input],
      output: 'embedding.length',
      attributes: { axes: [1], keepdims: 1 },
    },
    {
      operator: 'Max',
      inputs: ['embedding.length', 'embedding.floor'],
      output: 'embedding.divisor',
      attributes: {},
    },
    { operator: 'Div', inputs: [input, 'embedding.divisor'], output: 'embedding', attributes: {} },
  );
}
