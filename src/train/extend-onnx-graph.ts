import protobuf from 'protobufjs';
import { encodeOnnxGraph, type OnnxGraph, type OnnxValue } from './onnx-format.js';

/** Field 7 of ModelProto, length-delimited. */
const graphTag = (7 << 3) | 2;

export interface GraphExtension extends OnnxGraph {
  readonly inputs?: readonly OnnxValue[];
  readonly outputs?: readonly OnnxValue[];
}

/**
 * Adds operators, constants, inputs and outputs behind those of a model, whoever wrote it. Encoded messages merge by
 * concatenation, and all that is added is in repeated fields of the graph: so the added bytes follow the graph's own,
 * and whatever the model holds that we have no schema for stays as it is.
 * @param model bytes of a `.onnx` file
 * @throws Error where they are none
 */
export function extendOnnxGraph(model: Uint8Array, extension: GraphExtension): Uint8Array {
  const { inputs = [], outputs = [] } = extension;
  const added = encodeOnnxGraph(extension, { inputs, outputs });
  const reader = protobuf.Reader.create(model);
  const graphs: Uint8Array[] = [];
  const others: Uint8Array[] = [];
  while (reader.pos < reader.len) {
    const start = reader.pos;
    const tag = reader.uint32();
    if (tag === graphTag) {
      const length = reader.uint32();
      graphs.push(model.subarray(reader.pos, reader.pos + length));
      reader.skip(length);
    } else {
      reader.skipType(tag & 7);
      others.push(model.subarray(start, reader.pos));
    }
  }
  if (graphs.length === 0) throw new Error('expected an ONNX model, got bytes without a graph');
  const length = [...graphs, added].reduce((sum, part) => sum + part.length, 0);
  const head = protobuf.Writer.create().uint32(graphTag).uint32(length).finish();
  return Buffer.concat([...others, head, ...graphs, added]);
}
