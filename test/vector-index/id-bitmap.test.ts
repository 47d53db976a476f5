import fc from 'fast-check';
import { expect, it } from 'vitest';
import { IdBitmap } from '../../src/vector-index/id-bitmap.js';

it('keeps to a plain set, of any ids', () => {
  const near = fc.integer({ min: 0, max: 200 });
  const any = fc.integer({ min: 0, max: 2 ** 32 - 1 });
  const edge = fc.constantFrom(0, 31, 32, 65_535, 65_536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1);
  const property = fc.property(
    fc.array(fc.oneof(near, any, edge)),
    fc.array(fc.oneof(near, edge)),
    (added, asked) => {
      const [bitmap, plain] = [IdBitmap.from(added), new Set(added)];
      expect(bitmap.size).toBe(plain.size);
      expect([...bitmap]).toEqual([...plain].sort((a, b) => a - b));
      for (const id of [...added, ...asked]) expect(bitmap.has(id)).toBe(plain.has(id));
    },
  );
  fc.assert(property, { seed: 1, numRuns: 200 });
});

it('a copy goes its own way', () => {
  const bitmap = IdBitmap.from([1, 70_000]);
  const copy = bitmap.clone();
  copy.add(2);
  bitmap.add(3);
  expect([[...bitmap], [...copy]]).toEqual([
    [1, 3, 70_000],
    [1, 2, 70_000],
  ]);
});
