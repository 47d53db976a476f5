import protobuf from 'protobufjs';

/** One operator of the graph; a single output each. */
export interface OnnxNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly output: string;
  readonly attributes: Readonly<Record<string, number | string | readonly number[]>>;
}

export interface OnnxTensor {
  readonly name: string;
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

/** A float32 input or output; a text dimension is free. */
export interface OnnxValue {
  readonly name: string;
  readonly dims: readonly (number | string)[];
}

const opsetVersion = 17;
const irVersion = 8;
const float32 = 1;
const int64 = 7;
const attributeType = { float: 1, int: 2, string: 3, ints: 7 } as const;

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
      },
    },
    Attribute: {
      fields: {
        name: field('string', 1),
        f: field('float', 2),
        i: field('int64', 3),
        s: field('bytes', 4),
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

function encodeAttribute(name: string, value: number | string | readonly number[]): Record<string, unknown> {
  if (typeof value === 'string') return { name, type: attributeType.string, s: Buffer.from(value) };
  if (typeof value !== 'number') return { name, type: attributeType.ints, ints: value };
  if (Number.isInteger(value)) return { name, type: attributeType.int, i: value };
  return { name, type: attributeType.float, f: value };
}

const encodeValue = ({ name, dims }: OnnxValue): Record<string, unknown> => ({
  name,
  type: {
    tensorType: {
      elemType: float32,
      shape: { dim: dims.map(dim => (typeof dim === 'string' ? { dimParam: dim } : { dimValue: dim })) },
    },
  },
});

/** @returns the bytes of a `.onnx` file */
export function encodeOnnxModel(
  graph: { readonly nodes: readonly OnnxNode[]; readonly initializers: readonly OnnxTensor[] },
  { input, output }: { readonly input: OnnxValue; readonly output: OnnxValue },
): Uint8Array {
  const model = root.lookupType('Model');
  const message = {
    irVersion,
    producerName: 'medoid',
    opsetImport: [{ domain: '', version: opsetVersion }],
    graph: {
      name: 'medoid',
      node: graph.nodes.map(node => ({
        name: node.output,
        opType: node.operator,
        input: node.inputs,
        output: [node.output],
        attribute: Object.entries(node.attributes).map(([name, value]) => encodeAttribute(name, value)),
      })),
      initializer: graph.initializers.map(({ name, dims, data }) => ({
        name,
        dims,
        dataType: data instanceof BigInt64Array ? int64 : float32,
        rawData: Buffer.from(data.buffer, data.byteOffset, data.byteLength),
      })),
      input: [encodeValue(input)],
      output: [encodeValue(output)],
    },
  };
  return model.encode(model.fromObject(message)).finish();
}
