import { expect, it } from 'vitest';
import { BoundHeap } from '../../src/cluster/bound-heap.js';
import { createRandom } from '../../src/math/random.js';

it('has the point of the greatest bound on top, of equals the lowest', () => {
  const random = createRandom('heap');
  const heap = new BoundHeap(30);
  const bounds = new Map(Array.from({ length: 30 }, (_, i) => [i, Number.POSITIVE_INFINITY]));
  while (bounds.size > 0) {
    const greatest = Math.max(...bounds.values());
    const expected = Math.min(...[...bounds].flatMap(([i, bound]) => (bound === greatest ? [i] : [])));
    expect(heap.top).toBe(expected);
    if (random.integer(4) === 0) {
      bounds.delete(heap.top);
      heap.removeTop();
    } else {
      const lower = greatest === Number.POSITIVE_INFINITY ? random.integer(8) : greatest - random.integer(3);
      bounds.set(heap.top, lower);
      heap.lowerTop(lower);
    }
  }
});
