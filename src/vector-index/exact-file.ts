import { MedoidError } from '../errors.js';
import { requireLittleEndian } from './checks.js';
import type { FileCheck } from './snapshot.js';
import type { IndexedVector } from './vector-index.js';

/** What an exact index writes: ids as uint32 [count], then vectors as float32 [count, dimension], little endian. */
export class ExactFile implements FileCheck {
  private readonly content: Uint8Array;
  private filled = 0;

  /** @throws MedoidError `invalid-index` when so many bytes are not so many vectors */
  constructor(
    private readonly path: string,
    private readonly expected: { readonly count: number; readonly dimension: number; readonly bytes: number },
  ) {
    requireLittleEndian();
    const { count, dimension, bytes } = expected;
    if (bytes !== 4 * count * (1 + dimension)) this.refuse(`${bytes} bytes are not ${count} vectors`);
    this.content = new Uint8Array(bytes);
  }

  take(bytes: Uint8Array): void {
    if (this.filled + bytes.length > this.content.length) this.refuse('grew while it was read');
    this.content.set(bytes, this.filled);
    this.filled += bytes.length;
  }

  end(): void {
    if (this.filled < this.content.length) this.refuse('ends too early');
  }

  /** Once the file has ended. */
  entries(): IndexedVector[] {
    const { count, dimension } = this.expected;
    const ids = new Uint32Array(this.content.buffer, 0, count);
    const block = new Float32Array(this.content.buffer, 4 * count);
    return Array.from(ids, (id, row) => ({
      id,
      vector: block.subarray(row * dimension, (row + 1) * dimension),
    }));
  }

  private refuse(reason: string): never {
    throw new MedoidError('invalid-index', `${this.path}: ${reason}`);
  }
}
