import { MedoidError } from '../errors.js';
import { requireLittleEndian } from './checks.js';
import { IdBitmap } from './id-bitmap.js';
import { graphParameters, leastCapacity } from './native-graph.js';
import { type FileRecord, RecordReader, type Records, wordBytes } from './record-reader.js';
import type { FileCheck } from './snapshot.js';

/**
 * What hnswlib 0.8 writes (`saveIndex` in hnswalg.h), on machines of 64 bits, little endian. Lengths in words of four
 * bytes; u64 takes two.
 *
 *   header   24  u64 offset of the bottom layer, places, count, bytes of an element, offset of its label, of its vector
 *                i32 highest level, u32 entry point; u64 maxM, maxM0, M; f64 1 / ln M; u64 efConstruction
 *   count ×      an element: u16 number of links, u16 1 if removed, else 0; maxM0 × u32 links; dimension × f32; u64 label
 *   count ×      u32 bytes of the lists above the bottom, one a level; each: u16 number of links, u16 0, maxM × u32 links
 *
 * A link is the position of an element in the file. Links beyond the number are left over from before.
 */
const headerWords = 24;
const { m, efConstruction } = graphParameters;
const bottomLinks = 2 * m;
const listWords = 1 + m;
/** Of 2⁵³ numbers that decide on it none gives a level above 13. */
const highestLevel = 64;
const none = 2 ** 32 - 1;

export interface ExpectedGraph {
  readonly dimension: number;
  readonly count: number;
  /** Of the file: a count that it cannot hold is refused before memory is taken for it. */
  readonly bytes: number;
  /** Ids marked as removed; no others may be. */
  readonly removed: IdBitmap;
  /** All ids, also those removed; any unless given. */
  readonly placed?: IdBitmap;
  /** Whether an id may have this vector [dimension], which is overwritten afterwards. */
  readonly isRight: (id: number, vector: Float32Array) => boolean;
}

/** Checks one file as its bytes come: 2 bytes of memory an element, and a bit an id. */
export class GraphFile implements FileCheck {
  /** Ids found so far. */
  readonly placed = new IdBitmap();
  readonly removed = new IdBitmap();
  /** Level of each element, and the highest that something links to it on: [count]. */
  private levels = new Uint8Array(0);
  private linkedOn = new Uint8Array(0);
  private readonly reader: RecordReader;

  constructor(
    private readonly path: string,
    private readonly expected: ExpectedGraph,
  ) {
    requireLittleEndian();
    this.reader = new RecordReader(path, this.read());
  }

  take(bytes: Uint8Array): void {
    this.reader.take(bytes);
  }

  end(): void {
    this.reader.end();
  }

  private *read(): Records {
    const { count, dimension } = this.expected;
    const { maxLevel, entryPoint } = this.readHeader(yield headerWords);
    this.levels = new Uint8Array(count);
    this.linkedOn = new Uint8Array(count);
    const elementWords = 1 + bottomLinks + dimension + 2;
    for (let i = 0; i < count; i++) this.readElement(yield elementWords);
    this.requireEqual('removed vectors', this.removed.size, this.expected.removed.size);
    for (let i = 0; i < count; i++) {
      const size = yield 1;
      const level = size.words[size.start] / (listWords * wordBytes);
      if (!Number.isInteger(level) || level > maxLevel) this.refuse(`element ${i} has level ${level}`);
      this.levels[i] = level;
      if (level > 0) this.readLists(yield level * listWords, level);
    }
    const astray = this.linkedOn.findIndex((level, i) => level > this.levels[i]);
    if (astray >= 0) this.refuse(`a link leads to element ${astray}, which is not on that level`);
    if (count > 0) this.requireEqual('level of the entry point', this.levels[entryPoint], maxLevel);
  }

  private readHeader({ words, start }: FileRecord): { maxLevel: number; entryPoint: number } {
    const { count, dimension, bytes } = this.expected;
    const long = (word: number): number => words[start + word] + words[start + word + 1] * 2 ** 32;
    const labelOffset = (1 + bottomLinks + dimension) * wordBytes;
    const fixed: [string, number, number][] = [
      ['offset of the bottom layer', long(0), 0],
      ['count', long(4), count],
      ['bytes of an element', long(6), labelOffset + 2 * wordBytes],
      ['offset of the label', long(8), labelOffset],
      ['offset of the vector', long(10), (1 + bottomLinks) * wordBytes],
      ['maxM', long(14), m],
      ['maxM0', long(16), bottomLinks],
      ['M', long(18), m],
      ['efConstruction', long(22), efConstruction],
    ];
    for (const [name, actual, right] of fixed) this.requireEqual(name, actual, right);
    const places = long(2);
    const most = Math.max(leastCapacity, 2 * count);
    if (places < count || places > most) this.refuse(`${places} places for ${count} vectors`);
    const least = headerWords * wordBytes + count * (labelOffset + 3 * wordBytes);
    if (bytes < least) this.refuse(`${bytes} bytes cannot hold ${count} vectors`);
    const scale = new Float64Array(words.slice(start + 20, start + 22).buffer)[0];
    if (!(Math.abs(scale * Math.log(m) - 1) < 1e-9)) this.refuse(`expected 1 / ln ${m}, got ${scale}`);
    const [maxLevel, entryPoint] = words.subarray(start + 12, start + 14);
    const isRight =
      count === 0 ? maxLevel === none && entryPoint === none : maxLevel <= highestLevel && entryPoint < count;
    if (!isRight) this.refuse(`entry point ${entryPoint} on level ${maxLevel} of ${count} vectors`);
    return { maxLevel, entryPoint };
  }

  private readElement({ words, floats, start }: FileRecord): void {
    const { dimension, placed, removed, isRight } = this.expected;
    const mark = words[start] >>> 16;
    this.checkLinks(words, start, { most: bottomLinks, level: 0 });
    const vectorStart = start + 1 + bottomLinks;
    const id = words[vectorStart + dimension];
    this.requireEqual('upper half of a label', words[vectorStart + dimension + 1], 0);
    if (this.placed.has(id)) this.refuse(`vector ${id} is there twice`);
    if (placed?.has(id) === false) this.refuse(`vector ${id} is not expected`);
    this.placed.add(id);
    this.requireEqual('mark of a vector', mark, removed.has(id) ? 1 : 0);
    if (mark === 1) this.removed.add(id);
    const vector = floats.subarray(vectorStart, vectorStart + dimension);
    if (!isRight(id, vector)) this.refuse(`vector ${id} is not what it should be`);
  }

  private readLists({ words, start }: FileRecord, levels: number): void {
    for (let level = 1; level <= levels; level++) {
      const list = start + (level - 1) * listWords;
      this.requireEqual('mark above the bottom', words[list] >>> 16, 0);
      this.checkLinks(words, list, { most: m, level });
    }
  }

  /** A link out of range would have a search read, and an add write, what is not theirs. */
  private checkLinks(
    words: Uint32Array,
    list: number,
    { most, level }: { readonly most: number; readonly level: number },
  ): void {
    const links = words[list] & 0xffff;
    if (links > most) this.refuse(`${links} links where ${most} have room`);
    for (let i = 1; i <= links; i++) {
      const to = words[list + i];
      if (to >= this.expected.count) this.refuse(`a link leads to element ${to} of ${this.expected.count}`);
      if (level > this.linkedOn[to]) this.linkedOn[to] = level;
    }
  }

  private requireEqual(name: string, actual: number, right: number): void {
    if (actual !== right) this.refuse(`${name}: expected ${right}, got ${actual}`);
  }

  private refuse(reason: string): never {
    throw new MedoidError('invalid-index', `${this.path}: ${reason}`);
  }
}
