import type { Pooling } from '../embed/manifest.js';
import { MedoidError, messageOf } from '../errors.js';
import { writeLayers } from './export-onnx.js';
import { extendOnnxGraph } from './extend-onnx-graph.js';
import {
  type OnnxDraft,
  type OnnxSummary,
  type OnnxTensor,
  type OnnxValue,
  summariseOnnxModel,
} from './onnx-format.js';
import type { LayersModel } from './tf.js';
import { writeNormalisation } from './write-normalisation.js';
import { writePooling } from './write-pooling.js';

/** Max broadcasts since 8, Gemm since 7; nothing older is tried. */
const oldestOpset = 9;
/** Clip takes its bounds as inputs, which is how they are written. */
const oldestOpsetOfClip = 11;
/** Before it, every constant is declared as an input too. */
const constantsAreNoInputs = 4;

/** A frozen feature extractor. */
export interface Backbone {
  /** Of its `.onnx` file. */
  readonly bytes: Uint8Array;
  /** Name of its output: [n, features] or [n, features, 1, 1], or to be pooled [n, tokens, features]. */
  readonly features: string;
  readonly pooling?: Pooling | undefined;
}

export interface HeadedModel {
  /** Of a `.onnx` file with the backbone's inputs. */
  readonly bytes: Uint8Array;
  /** Name of the output [n, dimension], L2-normalised: `embedding`, unless the backbone has that name already. */
  readonly output: string;
  readonly dimension: number;
  /** Of backbone and head. */
  readonly parameters: number;
}

const view = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** Whether any text in a protobuf message is this one: each is stored behind its length. Nested graphs included. */
const hasText = (bytes: Uint8Array, text: string): boolean =>
  view(bytes).includes(Buffer.concat([Buffer.of(Buffer.byteLength(text)), Buffer.from(text)]));

const declareTensor = ({ name, dims, data }: OnnxTensor): OnnxValue => ({
  name,
  type: data instanceof Float32Array ? 'float32' : 'int64',
  dims,
});

/** What no name of the backbone begins with. */
function unusedPrefix(bytes: Uint8Array): string {
  let prefix = 'head/';
  for (let i = 2; view(bytes).includes(prefix); i++) prefix = `head${i}/`;
  return prefix;
}

function summarise({ bytes, features }: Backbone): OnnxSummary & { readonly opset: number } {
  let summary: OnnxSummary;
  try {
    summary = summariseOnnxModel(bytes);
  } catch (error) {
    throw new MedoidError('invalid-model', `the backbone is no ONNX model: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const { opset, outputs } = summary;
  if (!outputs.some(({ name }) => name === features)) {
    const names = outputs.map(({ name }) => name).join(', ');
    throw new MedoidError('invalid-model', `expected a backbone with an output ${features}, got ${names}`);
  }
  if (opset === undefined || opset < oldestOpset) {
    throw new MedoidError(
      'invalid-model',
      `expected a backbone of opset ${oldestOpset} or later, got ${opset ?? 'none'}`,
    );
  }
  return { ...summary, opset };
}

interface HeadPlace {
  readonly input: string;
  readonly pooling: Pooling | undefined;
  readonly prefix: string;
  readonly output: string;
  readonly opset: number;
}

/** Features, pooled or flattened → layers → unit length; every name but `input` begins with the prefix. */
function writeHead(
  head: LayersModel,
  { input, pooling, prefix, output, opset }: HeadPlace,
): { graph: OnnxDraft; dimension: number; parameters: number } {
  const flat = 'features';
  const { graph: layers, last, dimension, parameters } = writeLayers(head, flat);
  if (opset < oldestOpsetOfClip && layers.nodes.some(({ operator }) => operator === 'Clip')) {
    throw new MedoidError(
      'invalid-model',
      `expected a backbone of opset ${oldestOpsetOfClip} or later behind which to put ReLU6, got ${opset}`,
    );
  }
  const prefixed = (name: string): string => `${prefix}${name}`;
  const nodes = layers.nodes.map(node => ({
    ...node,
    inputs: node.inputs.map(prefixed),
    output: prefixed(node.output),
  }));
  const initializers: OnnxTensor[] = layers.initializers.map(tensor => ({
    ...tensor,
    name: prefixed(tensor.name),
  }));
  const graph: OnnxDraft = { nodes: [], initializers };
  writePooling(graph, { input, output: prefixed(flat), pooling, opset });
  graph.nodes.push(...nodes);
  const unit = prefixed('embedding');
  writeNormalisation(graph, { input: prefixed(last), output: unit, opset });
  if (output !== unit) {
    graph.nodes.push({ operator: 'Identity', inputs: [unit], output, attributes: {} });
  }
  return { graph, dimension, parameters };
}

/**
 * Puts a head behind a frozen feature extractor: one ONNX model from picture to embedding, for index, search and serve.
 * The backbone stays byte by byte what it is, its own outputs included. The head's operators (Gemm, Relu, Mul, Add,
 * Concat, Flatten, Gather, Max, Div, Identity, and ReduceL2 and ReduceMean in the form of the backbone's opset) mean the same in opsets 9 to 22.
 * @param head input [n, features], output [n, dimension], not normalised
 * @throws MedoidError `invalid-model` for a backbone that a head cannot be put behind
 * @throws Error for a layer that has no ONNX form
 */
export function appendOnnxHead(backbone: Backbone, head: LayersModel): HeadedModel {
  const { irVersion, opset, outputs, parameters } = summarise(backbone);
  const { bytes, features, pooling } = backbone;
  const prefix = unusedPrefix(bytes);
  const output = hasText(bytes, 'embedding') ? `${prefix}embedding` : 'embedding';
  const written = writeHead(head, { input: features, pooling, prefix, output, opset });
  const { graph, dimension } = written;
  // Of the features where it says so: a backbone may take one picture at a time.
  const [count = 'n'] = outputs.find(({ name }) => name === features)?.dims ?? [];
  const inputs = irVersion < constantsAreNoInputs ? graph.initializers.map(declareTensor) : [];
  return {
    bytes: extendOnnxGraph(bytes, {
      ...graph,
      inputs,
      outputs: [{ name: output, dims: [count, dimension] }],
    }),
    output,
    dimension,
    parameters: parameters + written.parameters,
  };
}
