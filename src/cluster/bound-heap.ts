/** Points by a bound that only shrinks: the greatest first, of equals the lowest. */
export class BoundHeap {
  /** [count] */
  private readonly bounds: Float64Array;
  private readonly heap: Int32Array;
  private size: number;

  /** All bounds are infinite at first. */
  constructor(count: number) {
    this.bounds = new Float64Array(count).fill(Number.POSITIVE_INFINITY);
    this.heap = Int32Array.from({ length: count }, (_, i) => i);
    this.size = count;
  }

  /** While there is any. */
  get top(): number {
    return this.heap[0];
  }

  get topBound(): number {
    return this.bounds[this.heap[0]];
  }

  /** Of the top, which sinks to where it belongs then. */
  lowerTop(bound: number): void {
    this.bounds[this.heap[0]] = bound;
    this.sink();
  }

  removeTop(): void {
    this.heap[0] = this.heap[--this.size];
    this.sink();
  }

  private isBefore(a: number, b: number): boolean {
    return this.bounds[a] > this.bounds[b] || (this.bounds[a] === this.bounds[b] && a < b);
  }

  private sink(): void {
    const { heap, size } = this;
    const moved = heap[0];
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && this.isBefore(heap[child + 1], heap[child])) child++;
      if (!this.isBefore(heap[child], moved)) break;
      heap[at] = heap[child];
      at = child;
    }
    heap[at] = moved;
  }
}
