import { describe, expect, it } from 'vitest';
import { centreCrop, cropCounts, cropWindows, defaultPreprocessing } from '../../src/images/preprocessing.js';

const preprocessing = { ...defaultPreprocessing(16), resize: 21 };
const straight = [
  { top: 2, left: 2, mirror: false },
  { top: 0, left: 0, mirror: false },
  { top: 0, left: 5, mirror: false },
  { top: 5, left: 0, mirror: false },
  { top: 5, left: 5, mirror: false },
];
const mirrored = straight.map(window => ({ ...window, mirror: true }));

describe('the windows of a picture', () => {
  it('are the centre, the corners and their mirror images', () => {
    expect(cropWindows(preprocessing, 1)).toEqual([centreCrop(preprocessing)]);
    expect(cropWindows(preprocessing, 2)).toEqual([straight[0], mirrored[0]]);
    expect(cropWindows(preprocessing, 5)).toEqual(straight);
    expect(cropWindows(preprocessing, 10)).toEqual([...straight, ...mirrored]);
  });

  it('are all different where anything is cut off on each side', () => {
    for (const resize of [18, 19, 40]) {
      for (const count of cropCounts) {
        const windows = cropWindows({ ...preprocessing, resize }, count);
        expect(new Set(windows.map(window => JSON.stringify(window))).size).toBe(count);
      }
    }
  });

  it.each([5, 10] as const)('are refused where the corners are the centre: %i', count => {
    const uncropped = { ...preprocessing, resize: 16 };
    expect(() => cropWindows(uncropped, count)).toThrow(
      /expected .* resizes to more .* resize 16 and crop 16/,
    );
    expect(cropWindows(uncropped, 2)).toHaveLength(2);
  });
});
