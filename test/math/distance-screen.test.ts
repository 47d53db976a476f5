import { describe, expect, it } from 'vitest';
import { DistanceScreen, type Screened } from '../../src/math/distance-screen.js';
import { createRandom } from '../../src/math/random.js';
import { rowOf, squaredDistance } from '../../src/math/vectors.js';
import { blockOf, randomBatch } from '../fixtures/batches.js';

describe('screened distances', () => {
  it('have the values worked out by hand', () => {
    const { data, dimension } = blockOf([
      [3, 4],
      [0, 1],
      [3, 0],
    ]);
    const screen = new DistanceScreen(dimension, 2, 4);
    screen.load({ data, dimension, rows: [2, 1] });
    expect([...screen.norms]).toEqual([9, 1]);
    const { products, norm } = screen.ask(data, 0);
    expect([...products.subarray(0, 2), norm]).toEqual([9, 4, 25]);
  });

  it.each([
    [1, 1],
    [7, 2],
    [8, 16],
    [61, 64],
    [700, 65],
  ])('of %i points in %i dimensions are off by less than they say, which is little', (count, dimension) => {
    const { block } = randomBatch(createRandom('screen'), { count, classes: 1, dimension });
    const rows = createRandom('order').shuffle(Array.from({ length: count }, (_, i) => i));
    const screen = new DistanceScreen(dimension, count, 12);
    screen.load({ ...block, rows });
    const check = (query: number, { products, norm, slack }: Screened): void => {
      expect(slack).toBeLessThan(1e-4);
      for (const [j, row] of rows.entries()) {
        const truth = squaredDistance(rowOf(block, query), rowOf(block, row));
        expect(Math.abs(norm + screen.norms[j] - 2 * products[j] - truth)).toBeLessThan(slack);
      }
    };
    const queries = rows.slice(0, 11);
    const answerTo = screen.askTogether({ ...block, rows: queries });
    for (const [i, query] of queries.entries()) check(query, answerTo(i));
    for (const query of queries) check(query, screen.ask(block.data, query));
  });

  it('promise nothing where float32 may overflow', () => {
    const screen = new DistanceScreen(1, 1, 4);
    screen.load({ ...blockOf([[1e19]]), rows: [0] });
    expect(screen.ask(Float32Array.of(1), 0).slack).toBe(Number.POSITIVE_INFINITY);
  });
});
