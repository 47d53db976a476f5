import { describe, expect, it } from 'vitest';
import { countBits } from '../../src/math/count-bits.js';
import { HashIndex } from '../../src/math/hash-index.js';
import { createRandom } from '../../src/math/random.js';
import { naiveNearHashes } from '../oracles/naive-hash-pairs.js';

/** Around a few centres, so that there are pairs at every distance. */
function createHashes(count: number, seed: string): Uint32Array {
  const random = createRandom(seed);
  const word = (): number => random.integer(2 ** 32);
  const centres = Array.from({ length: 5 }, () => [word(), word()]);
  const hashes = new Uint32Array(2 * count);
  for (let i = 0; i < count; i++) {
    hashes.set(centres[random.integer(centres.length)], 2 * i);
    const flips = random.integer(14);
    for (let flip = 0; flip < flips; flip++) {
      const bit = random.integer(64);
      hashes[2 * i + (bit >>> 5)] ^= 1 << (bit & 31);
    }
  }
  return hashes;
}

describe('an index of hashes', () => {
  it.each([0, 1, 2, 3, 4, 5, 7, 10, 16, 21])(
    'finds all that differ in at most %i bits, and no others',
    bits => {
      const hashes = createHashes(150, `bits/${bits}`);
      const index = new HashIndex(hashes);
      let found = 0;
      for (let row = 0; row < 150; row++) {
        const near = index.within(row, bits);
        expect(near).toEqual(naiveNearHashes(hashes, row, bits));
        found += near.length;
      }
      expect(found).toBeGreaterThan(0);
    },
  );

  it('finds equal ones, and none where there is only one', () => {
    const index = new HashIndex(Uint32Array.of(7, 9, 7, 9, 0xffffffff, 0, 7, 9));
    expect(index.within(0, 0)).toEqual([1, 3]);
    expect(index.within(2, 10)).toEqual([]);
    expect(new HashIndex(Uint32Array.of(1, 2)).within(0, 64)).toEqual([]);
  });

  it.each([
    [0, 0],
    [0xffffffff, 32],
    [-1, 32],
    [0x80000001, 2],
    [0x0f0f00ff, 16],
  ])('counts the bits of %i: %i', (word, bits) => {
    expect(countBits(word)).toBe(bits);
  });
});
