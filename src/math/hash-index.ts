import { countBits } from './count-bits.js';

const chunks = 4;
const chunkBits = 16;
const buckets = 1 << chunkBits;
const wordsPerHash = 2;

/** Every pattern of at most so many of 16 bits, those of fewer first. */
function patternsOf(mostBits: number): number[] {
  const patterns = [[0]];
  for (let bits = 1; bits <= mostBits; bits++) {
    const wider = patterns[bits - 1].flatMap(pattern => {
      // Each once: a bit is added above the highest there is.
      const from = pattern === 0 ? 0 : 32 - Math.clz32(pattern);
      return Array.from({ length: chunkBits - from }, (_, i) => pattern | (1 << (from + i)));
    });
    patterns.push(wider);
  }
  return patterns.flat();
}

/** Rows by the value of one chunk: those of value v are `rows[starts[v]]` up to `rows[starts[v + 1]]`. */
interface ChunkTable {
  readonly starts: Uint32Array;
  readonly rows: Uint32Array;
}

/**
 * Finds all hashes of 64 bits that differ in few: the multi-index hashing of Norouzi, Punjani and Fleet 2012, "Fast Search
 * in Hamming Space with Multi-Index Hashing", section 3.1. A hash is cut into m = 4 chunks; two that differ in at most
 * r = m · s + a bits differ in at most s in one of the first a + 1 chunks, or in at most s − 1 in one of the others: else
 * they would differ in (a + 1)(s + 1) + (m − a − 1) s = r + 1. So only those that are alike in a chunk are compared.
 */
export class HashIndex {
  private readonly tables: readonly ChunkTable[];
  /** The last search that has looked at each row: [n]. */
  private readonly seen: Uint32Array;
  private searches = 0;

  /** @param hashes [n, 2] */
  constructor(private readonly hashes: Uint32Array) {
    const size = hashes.length / wordsPerHash;
    this.seen = new Uint32Array(size);
    this.tables = Array.from({ length: chunks }, (_, chunk) => this.buildTable(chunk, size));
  }

  /** Rows of all hashes that differ from that of `row` in at most so many bits, itself left out; ascending. */
  within(row: number, mostBits: number): number[] {
    const [least, rest] = [Math.floor(mostBits / chunks), mostBits % chunks];
    const search = ++this.searches;
    this.seen[row] = search;
    const found: number[] = [];
    for (const [chunk, table] of this.tables.entries()) {
      const value = this.chunkOf(row, chunk);
      for (const pattern of patternsWithin(chunk <= rest ? least : least - 1)) {
        this.collect(row, { table, value: value ^ pattern, search, mostBits, found });
      }
    }
    return found.sort((a, b) => a - b);
  }

  private collect(
    row: number,
    bucket: { table: ChunkTable; value: number; search: number; mostBits: number; found: number[] },
  ): void {
    const { table, value, search, mostBits, found } = bucket;
    const { hashes, seen } = this;
    const [first, second] = [hashes[wordsPerHash * row], hashes[wordsPerHash * row + 1]];
    for (let at = table.starts[value]; at < table.starts[value + 1]; at++) {
      const other = table.rows[at];
      if (seen[other] === search) continue;
      seen[other] = search;
      const bits =
        countBits(first ^ hashes[wordsPerHash * other]) +
        countBits(second ^ hashes[wordsPerHash * other + 1]);
      if (bits <= mostBits) found.push(other);
    }
  }

  private chunkOf(row: number, chunk: number): number {
    return (this.hashes[wordsPerHash * row + (chunk >>> 1)] >>> (chunkBits * (chunk & 1))) & (buckets - 1);
  }

  private buildTable(chunk: number, size: number): ChunkTable {
    const starts = new Uint32Array(buckets + 1);
    for (let row = 0; row < size; row++) starts[this.chunkOf(row, chunk) + 1]++;
    for (let value = 0; value < buckets; value++) starts[value + 1] += starts[value];
    const next = starts.slice();
    const rows = new Uint32Array(size);
    for (let row = 0; row < size; row++) rows[next[this.chunkOf(row, chunk)]++] = row;
    return { starts, rows };
  }
}

const patterns = Array.from({ length: 5 }, (_, bits) => patternsOf(bits));

/** @param mostBits none for fewer than 0; more than 4 of a chunk are not worth while */
function patternsWithin(mostBits: number): readonly number[] {
  if (mostBits < 0) return [];
  return patterns[mostBits] ?? patternsOf(mostBits);
}
