import { type Field, fieldsOf, graphField, initializerField, readVarint } from './onnx-fields.js';

/** Of TensorProto in onnx.proto3. */
const dimsField = 1;
const dataTypeField = 2;
/** float, float16, double, bfloat16 */
const floatingTypes: readonly number[] = [1, 10, 11, 16];

/** Sides of a tensor: each a field of its own, or all of them packed into one. */
function readDims(tensor: readonly Field[]): number[] {
  return tensor
    .filter(({ number }) => number === dimsField)
    .flatMap(({ value, bytes }) => {
      if (bytes.length === 0) return [value];
      const sides: number[] = [];
      for (let next = 0; next < bytes.length; ) {
        const [side, after] = readVarint(bytes, next);
        sides.push(side);
        next = after;
      }
      return sides;
    });
}

/** Floating-point numbers in the constants of an ONNX model that are no scalars. */
export function countParameters(model: Uint8Array): number {
  let count = 0;
  for (const graph of fieldsOf(model)) {
    if (graph.number !== graphField) continue;
    for (const { number, bytes } of fieldsOf(graph.bytes)) {
      if (number !== initializerField) continue;
      const tensor = [...fieldsOf(bytes)];
      const type = tensor.find(field => field.number === dataTypeField)?.value ?? 0;
      const dims = readDims(tensor);
      if (dims.length > 0 && floatingTypes.includes(type)) count += dims.reduce((a, b) => a * b, 1);
    }
  }
  return count;
}
