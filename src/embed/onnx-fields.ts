/** Of ModelProto and GraphProto in onnx.proto3. */
export const graphField = 7;
export const initializerField = 5;

/** How protobuf stores a field, and how many bytes follow what tells that, where the kind alone says it. */
const wire = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;
const fixedLengths: Readonly<Record<number, number>> = {
  [wire.varint]: 0,
  [wire.fixed64]: 8,
  [wire.fixed32]: 4,
};

export interface Field {
  readonly number: number;
  /** Of a number; of bytes their length. */
  readonly value: number;
  readonly bytes: Uint8Array;
}

/** Least significant seven bits first. @returns the number and where the next thing begins */
export function readVarint(message: Uint8Array, start: number): [value: number, next: number] {
  let value = 0;
  for (let i = start; i < message.length; i++) {
    value += (message[i] & 0x7f) * 2 ** (7 * (i - start));
    if (message[i] < 0x80) return [value, i + 1];
  }
  return [value, message.length + 1];
}

/** Fields of a protobuf message in order, until one that is none: what is wrong is for ONNX Runtime to say. */
export function* fieldsOf(message: Uint8Array): Generator<Field> {
  let next = 0;
  while (next < message.length) {
    const [tag, start] = readVarint(message, next);
    const kind = tag % 8;
    const hasNumber = kind === wire.varint || kind === wire.bytes;
    const [value, after] = hasNumber ? readVarint(message, start) : [0, start];
    const end = after + (kind === wire.bytes ? value : (fixedLengths[kind] ?? Number.POSITIVE_INFINITY));
    if (end > message.length) return;
    yield { number: Math.floor(tag / 8), value, bytes: message.subarray(after, end) };
    next = end;
  }
}
