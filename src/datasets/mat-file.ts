import { inflateSync } from 'node:zlib';
import { MedoidError, messageOf } from '../errors.js';

/**
 * A value of a MAT-file, its shape left out (elements come in MATLAB's order, columns first): numbers and logicals as an
 * array of numbers, text as a string, a cell array as an array, a structure array as an array of records.
 */
export type MatValue = readonly number[] | string | readonly MatValue[] | readonly MatRecord[];
export interface MatRecord {
  readonly [field: string]: MatValue;
}

/** Numbers of the format: "MAT-File Format", level 5, tables 1-1 and 1-3. */
const headerBytes = 128;
const matrixType = 14;
const compressedType = 15;
const kinds = { cell: 1, struct: 2, char: 4, firstNumeric: 6, lastNumeric: 15 } as const;
const largestInflated = 128 * 1024 ** 2;

type NumberReader = readonly [bytes: number, read: (view: DataView, at: number, little: boolean) => number];

const numberReaders: Readonly<Record<number, NumberReader>> = {
  1: [1, (view, at) => view.getInt8(at)],
  2: [1, (view, at) => view.getUint8(at)],
  3: [2, (view, at, little) => view.getInt16(at, little)],
  4: [2, (view, at, little) => view.getUint16(at, little)],
  5: [4, (view, at, little) => view.getInt32(at, little)],
  6: [4, (view, at, little) => view.getUint32(at, little)],
  7: [4, (view, at, little) => view.getFloat32(at, little)],
  9: [8, (view, at, little) => view.getFloat64(at, little)],
  12: [8, (view, at, little) => Number(view.getBigInt64(at, little))],
  13: [8, (view, at, little) => Number(view.getBigUint64(at, little))],
  17: [2, (view, at, little) => view.getUint16(at, little)],
};
const utf8Type = 16;

interface DataElement {
  readonly type: number;
  readonly data: Uint8Array;
}

interface Variable {
  readonly name: string;
  readonly value: MatValue;
}

/** Walks through data elements: a tag of type and length, then the data, padded to 8 bytes. */
class ElementReader {
  readonly #view: DataView;
  readonly #bytes: Uint8Array;
  readonly #little: boolean;
  #at = 0;

  constructor(bytes: Uint8Array, little: boolean) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#little = little;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  next(): DataElement {
    const word = this.#view.getUint32(this.#at, this.#little);
    // Up to 4 bytes of data stand in the tag itself, whose upper half then is their length.
    const isSmall = word >>> 16 !== 0;
    const type = isSmall ? word & 0xffff : word;
    const length = isSmall ? word >>> 16 : this.#view.getUint32(this.#at + 4, this.#little);
    const start = this.#at + (isSmall ? 4 : 8);
    if (length > (isSmall ? 4 : this.#bytes.length - start)) {
      throw new RangeError(`an element of ${length} bytes does not fit at byte ${this.#at}`);
    }
    const padded = type === compressedType ? length : Math.ceil(length / 8) * 8;
    this.#at = isSmall ? this.#at + 8 : Math.min(start + padded, this.#bytes.length);
    return { type, data: this.#bytes.subarray(start, start + length) };
  }

  numbers(): number[] {
    return readNumbers(this.next(), this.#little);
  }

  text(): string {
    const element = this.next();
    if (element.type === utf8Type) return new TextDecoder().decode(element.data);
    return readNumbers(element, this.#little)
      .map(unit => String.fromCharCode(unit))
      .join('');
  }

  /** The next one, or what it holds compressed. */
  #inflated(): DataElement {
    const element = this.next();
    if (element.type !== compressedType) return element;
    const inflated = inflateSync(element.data, { maxOutputLength: largestInflated });
    return new ElementReader(inflated, this.#little).next();
  }

  matrix(): Variable {
    const { type, data } = this.#inflated();
    if (type !== matrixType) throw new RangeError(`expected a matrix, got an element of type ${type}`);
    // An empty one may have nothing at all in it.
    return data.length === 0 ? { name: '', value: [] } : readMatrix(new ElementReader(data, this.#little));
  }
}

function readNumbers({ type, data }: DataElement, little: boolean): number[] {
  const reader = numberReaders[type];
  if (reader === undefined) throw new RangeError(`expected numbers, got an element of type ${type}`);
  const [bytes, read] = reader;
  const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
  return Array.from({ length: data.length / bytes }, (_, i) => read(view, i * bytes, little));
}

function readRecords(reader: ElementReader, count: number): MatRecord[] {
  const [width] = reader.numbers();
  const joined = reader.text();
  const fields = Array.from({ length: joined.length / width }, (_, i) =>
    joined.slice(i * width, (i + 1) * width).replace(/\0.*$/s, ''),
  );
  if (fields.length === 0) return [];
  return Array.from({ length: count }, () =>
    Object.fromEntries(fields.map(field => [field, reader.matrix().value])),
  );
}

function readMatrix(reader: ElementReader): Variable {
  const kind = reader.numbers()[0] & 0xff;
  const count = reader.numbers().reduce((product, side) => product * side, 1);
  const name = reader.text();
  if (kind === kinds.char) return { name, value: count === 0 ? '' : reader.text() };
  if (kind >= kinds.firstNumeric && kind <= kinds.lastNumeric) return { name, value: reader.numbers() };
  if (kind === kinds.cell) {
    return { name, value: Array.from({ length: count }, () => reader.matrix().value) };
  }
  if (kind === kinds.struct) return { name, value: readRecords(reader, count) };
  throw new RangeError(`expected numbers, text, a cell or a structure, got an array of class ${kind}`);
}

/**
 * Reads the variables of a MAT-file of level 5 (MATLAB 5 to 7, `-v6` and `-v7`): numbers, text, cells and structures.
 * @param path for messages
 * @throws MedoidError `invalid-dataset` for another level, a damaged file, or arrays of another kind
 */
export function parseMatFile(file: Uint8Array, path: string): ReadonlyMap<string, MatValue> {
  const mark = String.fromCharCode(...file.subarray(126, headerBytes));
  const little = mark === 'IM';
  const level = file[little ? 125 : 124];
  if ((!little && mark !== 'MI') || level !== 1) {
    throw new MedoidError('invalid-dataset', `${path}: expected a MAT-file of level 5 (-v7 or older)`);
  }
  try {
    const variables = new Map<string, MatValue>();
    const reader = new ElementReader(file.subarray(headerBytes), little);
    while (reader.left > 0) {
      const { name, value } = reader.matrix();
      variables.set(name, value);
    }
    return variables;
  } catch (error) {
    throw new MedoidError('invalid-dataset', `${path}: expected a whole MAT-file: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
