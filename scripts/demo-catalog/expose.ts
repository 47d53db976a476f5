import type { Random } from '../../src/math/random.js';
import type { Exposure } from './view.js';

const clamp = (value: number): number => Math.min(255, Math.max(0, value));

/**
 * Lets light, white balance, contrast and a sensor's noise at the pixels, in place: per channel
 * `(value × light × balance − 128) × contrast + 128 + noise`, light falling off along a line and towards the corners.
 * @param pixels RGB [side, side, 3]
 */
export function expose(
  pixels: Uint8Array,
  { side, exposure, random }: { readonly side: number; readonly exposure: Exposure; readonly random: Random },
): void {
  const { brightness, contrast, warmth, falloff, vignette, noise } = exposure;
  const balance = [1 + 0.13 * warmth, 1 + 0.02 * warmth, 1 - 0.14 * warmth];
  const [alongX, alongY] = [
    Math.cos(exposure.falloffAngle) * falloff,
    Math.sin(exposure.falloffAngle) * falloff,
  ];
  // The sum of three uniforms is normal enough for noise, and has a variance of 1/4.
  const sample = (): number => (random.next() + random.next() + random.next() - 1.5) * 2 * noise;
  for (let row = 0; row < side; row++) {
    const y = (2 * row) / side - 1;
    for (let column = 0; column < side; column++) {
      const x = (2 * column) / side - 1;
      const light = brightness * (1 + alongX * x + alongY * y) * (1 - (vignette * (x * x + y * y)) / 2);
      const grey = noise === 0 ? 0 : sample();
      for (let channel = 0; channel < 3; channel++) {
        const at = (row * side + column) * 3 + channel;
        const lit = (pixels[at] * light * balance[channel] - 128) * contrast + 128;
        pixels[at] = clamp(lit + grey + (noise === 0 ? 0 : (random.next() - 0.5) * noise));
      }
    }
  }
}
