import { describe, expect, it } from 'vitest';
import { type Degradation, degrade, drawDegradation } from '../../src/images/degradation.js';
import { createRandom } from '../../src/math/random.js';

const side = 48;

/** A disc on a ramp with fine stripes: detail that each degradation takes some of. */
const picture = Uint8Array.from({ length: side * side * 3 }, (_, i) => {
  const [x, y] = [Math.floor(i / 3) % side, Math.floor(i / 3 / side)];
  const inside = Math.hypot(x - 24, y - 20) < 12;
  return (inside ? 180 : 40) + ((x + y) % 2) * 30 + (i % 3) * 10;
});

/** Mean difference of neighbours along a row. */
const detailOf = (pixels: Uint8Array): number => {
  let sum = 0;
  for (let i = 3; i < pixels.length; i++) sum += Math.abs(pixels[i] - pixels[i - 3]);
  return sum / pixels.length;
};

const meanOf = (pixels: Uint8Array): number => pixels.reduce((sum, value) => sum + value, 0) / pixels.length;

describe('degradation', () => {
  it.each<Degradation>([
    { kind: 'blur', sigma: 0.02 },
    { kind: 'encode', quality: 15 },
    { kind: 'shrink', share: 0.4 },
  ])('takes detail and leaves size and brightness: $kind', async degradation => {
    const worse = await degrade(picture, degradation);
    expect(worse.length).toBe(picture.length);
    expect(detailOf(worse)).toBeLessThan(0.7 * detailOf(picture));
    expect(Math.abs(meanOf(worse) - meanOf(picture))).toBeLessThan(2);
    expect(await degrade(picture, degradation)).toEqual(worse);
  });

  it('draws each kind as often, within its bounds', () => {
    const random = createRandom('degradations');
    const drawn = Array.from({ length: 600 }, () => drawDegradation(random));
    const kinds = drawn.map(({ kind }) => kind);
    for (const kind of ['blur', 'encode', 'shrink'])
      expect(kinds.filter(other => other === kind).length).toBeGreaterThan(150);
    for (const degradation of drawn) {
      if (degradation.kind === 'blur') expect(degradation.sigma).toBeLessThanOrEqual(0.03);
      if (degradation.kind === 'encode') expect(degradation.quality).toBeGreaterThanOrEqual(10);
      if (degradation.kind === 'shrink') expect(degradation.share).toBeLessThanOrEqual(0.6);
    }
  });
});
