import { MedoidError } from '../errors.js';
import type { FileCheck } from './snapshot.js';

export const wordBytes = 4;
const leastBytes = 2 ** 18;

/** The bytes of a record in two views, and where it begins in both, in words of four bytes. */
export interface FileRecord {
  readonly words: Uint32Array;
  readonly floats: Float32Array;
  readonly start: number;
}

/** Asks for a record by its length in words and is handed it, again and again; to be used before the next is asked for. */
export type Records = Generator<number, void, FileRecord>;

/** Bytes that come in pieces of any length, into records of known ones. Holds one piece and one record at a time. */
export class RecordReader implements FileCheck {
  private block = new ArrayBuffer(leastBytes);
  private words = new Uint32Array(this.block);
  private floats = new Float32Array(this.block);
  /** Bytes at the beginning of the block that no record had yet. */
  private filled = 0;
  private wanted: IteratorResult<number, void>;

  constructor(
    private readonly path: string,
    private readonly records: Records,
  ) {
    this.wanted = records.next();
  }

  take(bytes: Uint8Array): void {
    this.makeRoom(this.filled + bytes.length);
    new Uint8Array(this.block).set(bytes, this.filled);
    this.filled += bytes.length;
    let start = 0;
    while (!this.wanted.done && this.filled - start >= this.wanted.value * wordBytes) {
      const end = start + this.wanted.value * wordBytes;
      this.wanted = this.records.next({
        words: this.words,
        floats: this.floats,
        start: start / wordBytes,
      });
      start = end;
    }
    new Uint8Array(this.block).copyWithin(0, start, this.filled);
    this.filled -= start;
    if (this.wanted.done && this.filled > 0) throw this.refuse('is longer than it should be');
  }

  end(): void {
    if (!this.wanted.done) throw this.refuse('ends too early');
  }

  private makeRoom(bytes: number): void {
    if (bytes <= this.block.byteLength) return;
    const larger = new ArrayBuffer(Math.ceil(bytes / leastBytes) * leastBytes);
    new Uint8Array(larger).set(new Uint8Array(this.block, 0, this.filled));
    this.block = larger;
    this.words = new Uint32Array(larger);
    this.floats = new Float32Array(larger);
  }

  private refuse(reason: string): MedoidError {
    return new MedoidError('invalid-index', `${this.path}: ${reason}`);
  }
}
