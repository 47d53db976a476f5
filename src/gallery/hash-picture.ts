import type { Embedder } from '../embed/embedder.js';
import type { ImageLimits } from '../images/limits.js';
import {
  hashSquare,
  leastHashedSide,
  type PerceptualHash,
  perceptualHash,
} from '../images/perceptual-hash.js';

interface DecodedPicture {
  readonly bytes: Uint8Array;
  /** As the embedder decodes it. */
  readonly pixels: Uint8Array;
}

/** Side of the square that a hash is made of; nothing where an embedder sees another part of the picture, or too little. */
export const hashedSideOf = ({ squashedTo }: Embedder): number | undefined =>
  squashedTo !== undefined && squashedTo >= leastHashedSide ? squashedTo : undefined;

/** Of what the embedder sees, where that will do: else it would be decoded twice. */
export async function hashPicture(
  { bytes, pixels }: DecodedPicture,
  { embedder, limits }: { readonly embedder: Embedder; readonly limits: ImageLimits },
): Promise<PerceptualHash> {
  const side = hashedSideOf(embedder);
  return side === undefined ? perceptualHash(bytes, { limits }) : hashSquare({ pixels, side });
}
