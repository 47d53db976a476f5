import { describe, expect, it } from 'vitest';
import { augmentationSchema, drawVariation, writeVariedInput } from '../../src/images/augmentation.js';
import { centreCrop, defaultPreprocessing, writeNetworkInput } from '../../src/images/preprocessing.js';
import { createRandom } from '../../src/math/random.js';

const preprocessing = { ...defaultPreprocessing(16), resize: 18 };
const plain = { brightness: 1, contrast: 1, saturation: 1 };

const noise = (side: number) => {
  const random = createRandom('noise');
  return Uint8Array.from({ length: side * side * 3 }, () => random.integer(256));
};

const slotOf = (layout: 'nhwc' | 'nchw') => ({ target: new Float32Array(16 * 16 * 3), offset: 0, layout });

describe('augmentation', () => {
  it.each(['nhwc', 'nchw'] as const)('equals the centre crop where nothing is varied: %s', layout => {
    const pixels = noise(18);
    const [expected, actual] = [slotOf(layout), slotOf(layout)];
    writeNetworkInput(pixels, centreCrop(preprocessing), preprocessing, expected);
    const share = 16 / 18;
    const variation = { top: 1 / 18, left: 1 / 18, height: share, width: share, mirror: false, ...plain };
    writeVariedInput({ pixels, side: 18, variation }, preprocessing, actual);
    const worst = Math.max(...actual.target.map((value, i) => Math.abs(value - expected.target[i])));
    expect(worst).toBeLessThan(1e-4);
  });

  it('mirrors left to right and scales brightness, contrast and saturation', () => {
    const pixels = new Uint8Array(18 * 18 * 3).fill(100);
    pixels.fill(180, 0, 18 * 9 * 3);
    const whole = { top: 0, left: 0, height: 1, width: 1, mirror: false, ...plain };
    const write = (changes: object, source: Uint8Array = pixels): Float32Array => {
      const slot = slotOf('nhwc');
      writeVariedInput(
        { pixels: source, side: 18, variation: { ...whole, ...changes } },
        preprocessing,
        slot,
      );
      return slot.target.map(value => value * 64 + 127.5);
    };
    const [first, last] = [0, 16 * 16 * 3 - 1];
    expect(write({ brightness: 0.5 })[first]).toBeCloseTo(90, 3);
    // The mean is 140: halfway there.
    expect(write({ contrast: 0.5 })[first]).toBeCloseTo(160, 3);
    expect(write({ contrast: 0.5 })[last]).toBeCloseTo(120, 3);
    const random = noise(18);
    const grey = write({ saturation: 0 }, random);
    for (let i = 0; i < grey.length; i += 3) expect(grey[i]).toBeCloseTo(grey[i + 2], 3);
    const straight = write({}, random);
    const mirrored = write({ mirror: true }, random);
    for (let x = 0; x < 16; x++) expect(mirrored[x * 3]).toBeCloseTo(straight[(15 - x) * 3], 3);
  });

  it('draws windows inside the picture: of one size, or from the smallest share up', () => {
    const random = createRandom('windows');
    const sizes = new Set<string>();
    for (let i = 0; i < 500; i++) {
      const fixed = drawVariation({ cropScale: 0, scaledShare: 1, colourJitter: 0 }, preprocessing, random);
      expect([fixed.height, fixed.width]).toEqual([16 / 18, 16 / 18]);
      const { top, left, height, width, brightness } = drawVariation(
        { cropScale: 0.4, scaledShare: 1, colourJitter: 0.2 },
        preprocessing,
        random,
      );
      expect(Math.min(top, left)).toBeGreaterThanOrEqual(0);
      expect(Math.max(top + height, left + width)).toBeLessThanOrEqual(1 + 1e-9);
      expect(Math.sqrt(height * width)).toBeGreaterThan(0.34);
      expect(Math.abs(brightness - 1)).toBeLessThanOrEqual(0.2);
      sizes.add(height.toFixed(1));
    }
    expect(sizes.size).toBeGreaterThan(4);
  });

  it('mixes windows of one size with windows of any, by the share asked for', () => {
    const countScaled = (scaledShare: number): number => {
      const random = createRandom('mixed');
      let scaled = 0;
      for (let i = 0; i < 1000; i++) {
        const drawn = drawVariation({ cropScale: 0.4, scaledShare, colourJitter: 0 }, preprocessing, random);
        if (drawn.height !== 16 / 18 || drawn.width !== 16 / 18) scaled++;
      }
      return scaled;
    };
    expect([countScaled(0), countScaled(1)]).toEqual([0, 1000]);
    expect(countScaled(0.3)).toBeGreaterThan(250);
    expect(countScaled(0.3)).toBeLessThan(350);
  });

  it.each([
    ['crops of one size', { cropScale: 0, scaledShare: 0.3 }],
    ['every crop scaled', { cropScale: 0.4, scaledShare: 1 }],
  ])('asks nothing more of the random stream where the share decides nothing: %s', (_, crops) => {
    const random = createRandom('stream');
    drawVariation({ ...crops, colourJitter: 0 }, preprocessing, random);
    const plainly = createRandom('stream');
    // Side, stretch, two for the place, mirror, brightness, contrast, saturation.
    for (let draw = 0; draw < 8; draw++) plainly.next();
    expect(random.next()).toBe(plainly.next());
  });

  it('reads settings from before there was a choice as every crop scaled', () => {
    expect(augmentationSchema.parse({ cropScale: 0.4, colourJitter: 0 }).scaledShare).toBe(1);
  });
});
