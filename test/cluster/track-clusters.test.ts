import { describe, expect, it } from 'vitest';
import { trackClusters } from '../../src/cluster/track-clusters.js';

const track = (before: number[], after: number[], known: number[]) =>
  trackClusters({
    before: Int32Array.from(before),
    after: Int32Array.from(after),
    known: Int32Array.from(known),
  });

describe('clusters that are tracked', () => {
  it('go on as those they have most points in common with', () => {
    const { goesOnAs } = track([7, 7, 7, 9, 9, 7], [1, 1, 1, 0, 0, 0], [-1, -1]);
    expect([...goesOnAs]).toEqual([9, 7]);
  });

  it('are new where their points were in one that goes on elsewhere', () => {
    const { goesOnAs, cameFrom, wentTo } = track([7, 7, 7, 7, 7], [0, 0, 0, 1, 1], [-1, -1]);
    expect([...goesOnAs]).toEqual([7, -1]);
    expect([...cameFrom]).toEqual([-1, 7]);
    expect(wentTo.size).toBe(0);
  });

  it('end in the one that has most of their points', () => {
    const { goesOnAs, wentTo } = track([7, 7, 7, 9, 9, 9, 9], [0, 0, 0, 0, 0, 0, 0], [-1]);
    expect([...goesOnAs]).toEqual([9]);
    expect([...wentTo]).toEqual([[7, 0]]);
  });

  it('stay what they are known to be, whatever their points say', () => {
    const { goesOnAs, cameFrom } = track([7, 7, 7, 9], [0, 0, 0, 1], [9, -1]);
    expect([...goesOnAs]).toEqual([9, -1]);
    expect([...cameFrom]).toEqual([-1, 9]);
  });

  it('come from nowhere where their points were in none', () => {
    const { goesOnAs, cameFrom } = track([-1, -1], [0, 0], [-1]);
    expect([[...goesOnAs], [...cameFrom]]).toEqual([[-1], [-1]]);
  });
});
