import { describe, expect, it } from 'vitest';
import { findCollapse } from '../../src/train/find-collapse.js';

const room = { dimension: 64, directions: 30 };
const healthy = { meanDistance: 1.2, effectiveRank: 3 };

describe('collapse', () => {
  it('is not said of embeddings that are spread as those of good runs', () => {
    expect(findCollapse(healthy, undefined, room)).toEqual([]);
    expect(findCollapse({ meanDistance: 0.24, effectiveRank: 2.1 }, undefined, room)).toEqual([]);
    expect(findCollapse({ meanDistance: null, effectiveRank: null }, undefined, room)).toEqual([]);
  });

  it('says what was measured and what to try', () => {
    const [alike, ...others] = findCollapse({ ...healthy, meanDistance: 0.0312 }, healthy, room);
    expect(alike).toMatch(/all images embed alike: their mean distance is 0\.031, .*try .*--learning-rate/);
    expect(others).toEqual([]);
    const [flat] = findCollapse({ ...healthy, effectiveRank: 1.52 }, healthy, room);
    expect(flat).toMatch(/effective rank of the embeddings is 1\.5 of 64, .*try .*--class-share/);
  });

  it('says nothing twice while it lasts', () => {
    const both = { meanDistance: 0.01, effectiveRank: 1 };
    expect(findCollapse(both, undefined, room)).toHaveLength(2);
    expect(findCollapse(both, both, room)).toEqual([]);
    expect(findCollapse(both, { ...both, effectiveRank: 3 }, room)).toHaveLength(1);
  });

  it('expects no directions that few classes do not need, and no distance of one image', () => {
    const flat = { meanDistance: 1, effectiveRank: 1 };
    expect(findCollapse(flat, undefined, { ...room, directions: 7 })).toEqual([]);
    expect(findCollapse(flat, undefined, { ...room, directions: 8 })).toHaveLength(1);
    expect(
      findCollapse({ meanDistance: 0, effectiveRank: 0 }, undefined, { ...room, directions: 0 }),
    ).toEqual([]);
  });
});
