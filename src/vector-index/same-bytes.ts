import { MedoidError } from '../errors.js';
import type { FileCheck } from './snapshot.js';

/** Whether a file is what was written to it. */
export class SameBytes implements FileCheck {
  private seen = 0;

  constructor(
    private readonly path: string,
    private readonly content: Buffer,
  ) {}

  take(bytes: Uint8Array): void {
    const same = this.content.subarray(this.seen, this.seen + bytes.length).equals(bytes);
    this.seen += bytes.length;
    if (!same) this.refuse();
  }

  end(): void {
    if (this.seen !== this.content.length) this.refuse();
  }

  private refuse(): never {
    throw new MedoidError('invalid-index', `${this.path}: what was written does not read back`);
  }
}
