/**
 * Dot products of a few vectors with many, in WebAssembly's 128-bit arithmetic, which JavaScript has no other way to.
 * The module is assembled here from its instructions: it is one loop nest, and no compiler is needed to build it.
 */

/** The many are dealt out in groups of so many, lane beside lane: [groups, dimension, 8]. */
export const groupSize = 8;
/** The few are taken so many at once, each number of them beside each other: [dimension, 4]. */
export const rowsAtOnce = 4;

/**
 * Writes `rows` runs of groups · 8 float32 dot products, one run every `stride` bytes. All pointers are bytes into the
 * memory, multiples of 16.
 */
type Multiply = (
  rows: number,
  points: number,
  products: number,
  groups: number,
  dimension: number,
  stride: number,
) => void;

export interface DotKernel {
  readonly buffer: ArrayBuffer;
  /** Of 4 rows: [dimension, 4]. */
  readonly multiplyFour: Multiply;
  /** Of one row: [dimension]. */
  readonly multiplyOne: Multiply;
}

/** The part of WebAssembly that is used here; the types of Node leave it out. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Memory: new (limits: { initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Instance: new (
    module: object,
    imports: Record<string, Record<string, object>>,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
}
const { WebAssembly } = globalThis as unknown as { readonly WebAssembly: WebAssemblyApi };

const i32 = 0x7f;
const v128 = 0x7b;
const end = 0x0b;

const get = (local: number): number[] => [0x20, local];
const set = (local: number): number[] => [0x21, local];
/** local += amount; −64..63 */
const advance = (local: number, amount: number): number[] => [
  ...[...get(local), 0x41, amount & 0x7f, 0x6a],
  ...set(local),
];
const addLocal = (local: number, other: number): number[] => [
  ...get(local),
  ...get(other),
  0x6a,
  ...set(local),
];
const load = (pointer: number, offset: number): number[] => [...get(pointer), 0xfd, 0x00, 4, offset];
const loadSplat = (pointer: number, offset: number): number[] => [...get(pointer), 0xfd, 0x09, 2, offset];
const store = (pointer: number, offset: number, value: number): number[] => [
  ...[...get(pointer), ...get(value), 0xfd, 0x0b, 4, offset],
];
const zero = (local: number): number[] => [0xfd, 0x0c, ...new Array<number>(16).fill(0), ...set(local)];
/** sum += a · b, each rounded to float32 */
const multiplyAdd = (sum: number, a: number, b: number): number[] => [
  ...[...get(sum), ...get(a), ...get(b), 0xfd, 0xe6, 0x01, 0xfd, 0xe4, 0x01],
  ...set(sum),
];
/** Runs the body until the counter, taken down by one after each, is 0. */
const countDown = (counter: number, body: number[]): number[] => [
  ...[0x03, 0x40, ...body],
  ...[...advance(counter, -1), ...get(counter), 0x0d, 0x00, end],
];

function assembleMultiply(rows: number): number[] {
  const [first, points, products, groups, dimension, stride, row, left, target] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  const [low, high, value, sums] = [9, 10, 11, 12];
  const each = Array.from({ length: rows }, (_, r) => r);
  const body = countDown(groups, [
    ...each.flatMap(r => [...zero(sums + 2 * r), ...zero(sums + 2 * r + 1)]),
    ...[...get(first), ...set(row), ...get(dimension), ...set(left), ...get(products), ...set(target)],
    ...countDown(left, [
      ...[...load(points, 0), ...set(low), ...load(points, 16), ...set(high)],
      ...each.flatMap(r => [
        ...[...loadSplat(row, 4 * r), ...set(value)],
        ...[...multiplyAdd(sums + 2 * r, low, value), ...multiplyAdd(sums + 2 * r + 1, high, value)],
      ]),
      ...[...advance(points, 32), ...advance(row, 4 * rows)],
    ]),
    ...each.flatMap(r => [
      ...[...store(target, 0, sums + 2 * r), ...store(target, 16, sums + 2 * r + 1)],
      ...addLocal(target, stride),
    ]),
    ...advance(products, 32),
  ]);
  return [...[2, 3, i32, 3 + 2 * rows, v128], ...body, end];
}

/** LEB128 */
const lengthOf = (bytes: readonly number[]): number[] => {
  const length: number[] = [];
  for (let left = bytes.length; ; left >>= 7) {
    length.push(left > 0x7f ? (left & 0x7f) | 0x80 : left);
    if (left <= 0x7f) return length;
  }
};
const sized = (bytes: readonly number[]): number[] => [...lengthOf(bytes), ...bytes];
const named = (name: string): number[] => sized([...Buffer.from(name)]);
const section = (id: number, bytes: readonly number[]): number[] => [id, ...sized(bytes)];

const module = new WebAssembly.Module(
  Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 6, i32, i32, i32, i32, i32, i32, 0]), // one type: six numbers in, nothing out
    ...section(2, [1, ...named('env'), ...named('memory'), 2, 0, 1]), // a memory of a page or more
    ...section(3, [2, 0, 0]), // two functions of that type
    ...section(7, [2, ...named('multiplyFour'), 0, 0, ...named('multiplyOne'), 0, 1]),
    ...section(10, [2, ...sized(assembleMultiply(rowsAtOnce)), ...sized(assembleMultiply(1))]),
  ]),
);

const pageBytes = 65536;

/** @param bytes of memory, zeros at first */
export function createDotKernel(bytes: number): DotKernel {
  const memory = new WebAssembly.Memory({ initial: Math.max(1, Math.ceil(bytes / pageBytes)) });
  const { exports } = new WebAssembly.Instance(module, { env: { memory } });
  const { multiplyFour, multiplyOne } = exports as { multiplyFour: Multiply; multiplyOne: Multiply };
  return { buffer: memory.buffer, multiplyFour, multiplyOne };
}
