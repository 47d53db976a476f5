/** A picture squashed to a square. */
export interface PixelSquare {
  /** RGB [side, side, 3]. */
  readonly pixels: Uint8Array;
  readonly side: number;
}

/** Which pixels each of fewer and wider ones is made of, and how much of each it takes. */
function shareOut(side: number, to: number): { readonly first: number; readonly weights: number[] }[] {
  return Array.from({ length: to }, (_, i) => {
    const [start, end] = [(i * side) / to, ((i + 1) * side) / to];
    const first = Math.floor(start);
    const weights = [];
    for (let j = first; j < end; j++)
      weights.push((Math.min(end, j + 1) - Math.max(start, j)) / (end - start));
    return { first, weights };
  });
}

/**
 * Grey by ITU-R BT.601, 2.5.1, made smaller by areas.
 * @param to at most the side of the square
 * @returns [to, to], 0..255
 */
export function greySquare({ pixels, side }: PixelSquare, to: number): Float64Array {
  const shares = shareOut(side, to);
  // Along the rows: [side, to].
  const rows = new Float64Array(side * to);
  for (let y = 0; y < side; y++) {
    for (const [x, { first, weights }] of shares.entries()) {
      let sum = 0;
      for (let j = 0, at = 3 * (y * side + first); j < weights.length; j++, at += 3) {
        sum += weights[j] * (0.299 * pixels[at] + 0.587 * pixels[at + 1] + 0.114 * pixels[at + 2]);
      }
      rows[y * to + x] = sum;
    }
  }
  const grey = new Float64Array(to * to);
  for (const [y, { first, weights }] of shares.entries()) {
    for (const [j, weight] of weights.entries()) {
      for (let x = 0; x < to; x++) grey[y * to + x] += weight * rows[(first + j) * to + x];
    }
  }
  return grey;
}
