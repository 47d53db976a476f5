import protobuf from 'protobufjs';

/** Plain lists are of whole numbers. */
export type AttributeValue = number | string | readonly number[] | Float32Array;

/** One operator of the graph; a single output each. */
export interface OnnxNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  /** Of operators that are not ONNX's own. */
  readonly domain?: string;
}

export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  /** float32, or int64 for what operators take as indices. */
  readonly data: Float32Array | BigInt64Array;
}

/** Operators in the order in which they run, and their constants. */
export interface OnnxGraph {
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
}

/** A graph while it is written. */
export interface OnnxDraft extends OnnxGraph {
  readonly nodes: OnnxNode[];
  readonly initializers: OnnxTensor[];
}

/** An input or output; a text dimension is free. */
export interface OnnxValue {
  readonly name: string;
  /** float32 unless given. */
  readonly type?: 'float32' | 'int64';
  readonly dims: readonly (number | string)[];
}

/** Version of the operators in the models that are written here. */
export const defaultOpset = 17;
const irVersion = 8;
const float32 = 1;
const int64 = 7;
const attributeType = { float: 1, int: 2, string: 3, floats: 6, ints: 7 } as const;

/** The part of the ONNX protobuf schema (onnx.ai, field numbers of onnx.proto3) that these models use. */
const field = (type: string, id: number, rule?: 'repeated') => (rule ? { type, id, rule } : { type, id });
const root = protobuf.Root.fromJSON({
  nested: {
    Model: {
      fields: {
        irVersion: field('int64', 1),
        producerName: field('string', 2),
        graph: field('Graph', 7),
        opsetImport: field('OperatorSet', 8, 'repeated'),
      },
    },
    OperatorSet: { fields: { domain: field('string', 1), version: field('int64', 2) } },
    Graph: {
      fields: {
        node: field('Node', 1, 'repeated'),
        name: field('string', 2),
        initializer: field('Tensor', 5, 'repeated'),
        input: field('ValueInfo', 11, 'repeated'),
        output: field('ValueInfo', 12, 'repeated'),
      },
    },
    Node: {
      fields: {
        input: field('string', 1, 'repeated'),
        output: field('string', 2, 'repeated'),
        name: field('string', 3),
        opType: field('string', 4),
        attribute: field('Attribute', 5, 'repeated'),
        domain: field('string', 7),
      },
    },
    Attribute: {
      fields: {
        name: field('string', 1),
        f: field('float', 2),
        i: field('int64', 3),
        s: field('bytes', 4),
        floats: field('float', 7, 'repeated'),
        ints: field('int64', 8, 'repeated'),
        type: field('int32', 20),
      },
    },
    Tensor: {
      fields: {
        dims: field('int64', 1, 'repeated'),
        dataType: field('int32', 2),
        name: field('string', 8),
        rawData: field('bytes', 9),
      },
    },
    ValueInfo: { fields: { name: field('string', 1), type: field('Type', 2) } },
    Type: { fields: { tensorType: field('TensorType', 1) } },
    TensorType: { fields: { elemType: field('int32', 1), shape: field('Shape', 2) } },
    Shape: { fields: { dim: field('Dimension', 1, 'repeated') } },
    Dimension: { fields: { dimValue: field('int64', 1), dimParam: field('string', 2) } },
  },
});

function encodeAttribute(name: string, value: AttributeValue): Record<string, unknown> {
  if (typeof value === 'string') return { name, type: attributeType.string, s: Buffer.from(value) };
  if (value instanceof Float32Array) return { name, type: attributeType.floats, floats: [...value] };
  if (typeof value !== 'number') return { name, type: attributeType.ints, ints: value };
  if (Number.isInteger(value)) return { name, type: attributeType.int, i: value };
  return { name, type: attributeType.float, f: value };
}

const encodeValue = ({ name, type, dims }: OnnxValue): Record<string, unknown> => ({
  name,
  type: {
    tensorType: {
      elemType: type === 'int64' ? int64 : float32,
      shape: { dim: dims.map(dim => (typeof dim === 'string' ? { dimParam: dim } : { dimValue: dim })) },
    },
  },
});

const encodeTensor = ({ name, dims, data }: OnnxTensor): Record<string, unknown> => ({
  name,
  dims,
  dataType: data instanceof Float32Array ? float32 : int64,
  rawData: Buffer.from(data.buffer, data.byteOffset, data.byteLength),
});

export interface OnnxValues {
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

const graphMessage = (graph: OnnxGraph, { inputs, outputs }: OnnxValues): Record<string, unknown> => ({
  node: graph.nodes.map(node => ({
    name: node.output,
    opType: node.operator,
    input: node.inputs,
    output: [node.output],
    ...(node.domain === undefined ? {} : { domain: node.domain }),
    attribute: Object.entries(node.attributes).map(([name, value]) => encodeAttribute(name, value)),
  })),
  initializer: graph.initializers.map(encodeTensor),
  input: inputs.map(encodeValue),
  output: outputs.map(encodeValue),
});

/** @returns the bytes of a graph without a name, to be added to another */
export function encodeOnnxGraph(graph: OnnxGraph, values: OnnxValues): Uint8Array {
  const type = root.lookupType('Graph');
  return type.encode(type.fromObject(graphMessage(graph, values))).finish();
}

/** @returns the bytes of a `.onnx` file */
export function encodeOnnxModel(
  graph: OnnxGraph,
  { inputs, outputs, opset = defaultOpset }: OnnxValues & { readonly opset?: number },
): Uint8Array {
  const model = root.lookupType('Model');
  const domains = new Set(graph.nodes.flatMap(({ domain }) => domain ?? []));
  const message = {
    irVersion,
    producerName: 'medoid',
    opsetImport: [{ domain: '', version: opset }, ...Array.from(domains, domain => ({ domain, version: 1 }))],
    graph: { name: 'medoid', ...graphMessage(graph, { inputs, outputs }) },
  };
  return model.encode(model.fromObject(message)).finish();
}

/** What of a model the program asks about; everything else in it is left as it is. */
export interface OnnxSummary {
  readonly irVersion: number;
  /** Version of the standard operators; undefined where the model uses none. */
  readonly opset: number | undefined;
  readonly outputs: readonly OnnxValue[];
  /** Floating-point numbers in the constants that are no scalars. */
  readonly parameters: number;
}

/** float, float16, double, bfloat16 */
const floatingTypes = [1, 10, 11, 16];

interface DecodedModel {
  readonly irVersion?: number;
  readonly opsetImport?: readonly { readonly domain?: string; readonly version?: number }[];
  readonly graph?: {
    readonly initializer?: readonly { readonly dims?: readonly number[]; readonly dataType?: number }[];
    readonly output?: readonly {
      readonly name: string;
      readonly type?: {
        readonly tensorType?: { readonly shape?: { readonly dim?: readonly DecodedSide[] } };
      };
    }[];
  };
}

interface DecodedSide {
  readonly dimValue?: number;
  readonly dimParam?: string;
}

/** @param bytes of a `.onnx` file, whoever wrote it @throws Error where they are none */
export function summariseOnnxModel(bytes: Uint8Array): OnnxSummary {
  const type = root.lookupType('Model');
  const model = type.toObject(type.decode(bytes), { longs: Number }) as DecodedModel;
  const { initializer = [], output = [] } = model.graph ?? {};
  const learnt = initializer.filter(
    ({ dims = [], dataType = 0 }) => dims.length > 0 && floatingTypes.includes(dataType),
  );
  const standard = model.opsetImport?.find(({ domain = '' }) => domain === '' || domain === 'ai.onnx');
  return {
    irVersion: model.irVersion ?? 0,
    opset: standard?.version,
    outputs: output.map(({ name, type: declared }) => ({
      name,
      dims: (declared?.tensorType?.shape?.dim ?? []).map(side => side.dimValue ?? side.dimParam ?? ''),
    })),
    parameters: learnt.reduce((sum, { dims = [] }) => sum + dims.reduce((a, b) => a * b, 1), 0),
  };
}
