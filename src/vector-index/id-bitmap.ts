/** Ids in a page, and 32-bit words that hold them. */
const pageBits = 16;
const pageWords = 2 ** pageBits / 32;

/**
 * A set of ids, integers in 0..2³² − 1, in one bit each: pages of 8 KiB for 65,536 ids in a row, made when one of them
 * is first added. Ids given out one after another take an eighth of a byte; all there can be, 512 MiB.
 */
export class IdBitmap implements Iterable<number> {
  private readonly pages = new Map<number, Uint32Array>();
  private count = 0;

  static from(ids: Iterable<number>): IdBitmap {
    const bitmap = new IdBitmap();
    for (const id of ids) bitmap.add(id);
    return bitmap;
  }

  get size(): number {
    return this.count;
  }

  has(id: number): boolean {
    const page = this.pages.get(id >>> pageBits);
    return page !== undefined && (page[(id >>> 5) % pageWords] & (1 << (id & 31))) !== 0;
  }

  add(id: number): void {
    if (this.has(id)) return;
    let page = this.pages.get(id >>> pageBits);
    if (page === undefined) {
      page = new Uint32Array(pageWords);
      this.pages.set(id >>> pageBits, page);
    }
    page[(id >>> 5) % pageWords] |= 1 << (id & 31);
    this.count++;
  }

  clone(): IdBitmap {
    const copy = new IdBitmap();
    for (const [number, page] of this.pages) copy.pages.set(number, page.slice());
    copy.count = this.count;
    return copy;
  }

  /** Ascending. */
  *[Symbol.iterator](): Generator<number> {
    for (const number of [...this.pages.keys()].sort((a, b) => a - b)) {
      const page = this.pages.get(number) as Uint32Array;
      for (let word = 0; word < pageWords; word++) {
        if (page[word] === 0) continue;
        for (let bit = 0; bit < 32; bit++) {
          if ((page[word] & (1 << bit)) !== 0) yield number * 2 ** pageBits + word * 32 + bit;
        }
      }
    }
  }
}
