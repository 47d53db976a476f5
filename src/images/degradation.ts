import sharp from 'sharp';
import type { Random } from '../math/random.js';

/** What is done to a picture that search must bear: it went through a bad lens, a small copy or a messenger. */
export type Degradation =
  | { readonly kind: 'blur'; readonly sigma: number }
  | { readonly kind: 'encode'; readonly quality: number }
  | { readonly kind: 'shrink'; readonly share: number };

/** One of the three, each as likely: blur of 0.01–0.03 of the side, JPEG of quality 10–60, a copy of 0.25–0.6 the side. */
export function drawDegradation(random: Random): Degradation {
  const kind = (['blur', 'encode', 'shrink'] as const)[random.integer(3)];
  const share = random.next();
  if (kind === 'blur') return { kind, sigma: 0.01 + 0.02 * share };
  if (kind === 'encode') return { kind, quality: Math.round(10 + 50 * share) };
  return { kind, share: 0.25 + 0.35 * share };
}

/**
 * @param pixels RGB bytes [side, side, 3]
 * @returns the same picture made worse, of the same size
 */
export async function degrade(pixels: Uint8Array, degradation: Degradation): Promise<Uint8Array> {
  const side = Math.sqrt(pixels.length / 3);
  const raw = { width: side, height: side, channels: 3 } as const;
  const picture = sharp(pixels, { raw });
  if (degradation.kind === 'blur') {
    return picture
      .blur(Math.max(0.3, degradation.sigma * side))
      .raw()
      .toBuffer();
  }
  if (degradation.kind === 'encode') {
    const bytes = await picture.jpeg({ quality: degradation.quality }).toBuffer();
    return sharp(bytes).raw().toBuffer();
  }
  const small = Math.max(1, Math.round(degradation.share * side));
  const shrunk = await picture.resize(small, small).raw().toBuffer();
  return sharp(shrunk, { raw: { ...raw, width: small, height: small } })
    .resize(side, side)
    .raw()
    .toBuffer();
}
