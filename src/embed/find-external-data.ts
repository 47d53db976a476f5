import { type Field, fieldsOf, graphField, initializerField } from './onnx-fields.js';

/** Of TensorProto in onnx.proto3. */
const nameField = 8;
const locationField = 14;
const external = 1;

const isExternal = (tensor: readonly Field[]): boolean =>
  tensor.some(({ number, value }) => number === locationField && value === external);

/**
 * The first constant of an ONNX model that lies in a file beside it. ONNX Runtime would look for that file from the
 * current directory, and the hash of the model would say nothing about it.
 * @returns its name, or undefined where all that the model needs is in it
 */
export function findExternalData(model: Uint8Array): string | undefined {
  for (const graph of fieldsOf(model)) {
    if (graph.number !== graphField) continue;
    for (const { number, bytes } of fieldsOf(graph.bytes)) {
      if (number !== initializerField) continue;
      const tensor = [...fieldsOf(bytes)];
      const name = tensor.find(field => field.number === nameField)?.bytes ?? new Uint8Array();
      if (isExternal(tensor)) return Buffer.from(name).toString();
    }
  }
  return undefined;
}
