import { lookSide, type PictureLook } from './picture-look.js';

/** What correlates less is not cut out of the other by so little as is tried; what correlates more need not be. */
const hopeless = 0.6;
const plenty = 0.97;
/** Share of a side that is left when 2.5, 5, 7.5 or 10 % were cut off. */
const cutOuts = [0.975, 0.95, 0.925, 0.9];
/** In grey levels: what is plainer shows nothing but its coding. */
const plainSpread = 2;
const plainDifference = 2;
/** Of Cb and Cr: a picture with less in each of its parts is held for grey, whatever the other one's colours are. */
const greyColour = 3;

/** Pearson's, of the grey levels: -1..1; 0 where one has none but one level. */
function correlate(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const n = a.length;
  let [sumA, sumB, sumAb, sumAa, sumBb] = [0, 0, 0, 0, 0];
  for (let i = 0; i < n; i++) {
    sumA += a[i];
    sumB += b[i];
    sumAb += a[i] * b[i];
    sumAa += a[i] * a[i];
    sumBb += b[i] * b[i];
  }
  const scale = Math.sqrt((sumAa - (sumA * sumA) / n) * (sumBb - (sumB * sumB) / n));
  return scale > 0 ? (sumAb - (sumA * sumB) / n) / scale : 0;
}

/** The middle of it, as large as all of it was, by linear interpolation. */
function cutOut(grey: Uint8Array, share: number): Float32Array {
  const places = Array.from({ length: lookSide }, (_, i) => {
    const place = (i + 0.5) * share + ((1 - share) * lookSide) / 2 - 0.5;
    const first = Math.floor(place);
    return { first, part: place - first };
  });
  const cut = new Float32Array(grey.length);
  for (const [y, down] of places.entries()) {
    for (const [x, across] of places.entries()) {
      const at = down.first * lookSide + across.first;
      const above = grey[at] * (1 - across.part) + grey[at + 1] * across.part;
      const below = grey[at + lookSide] * (1 - across.part) + grey[at + lookSide + 1] * across.part;
      cut[y * lookSide + x] = above * (1 - down.part) + below * down.part;
    }
  }
  return cut;
}

const meanOf = (values: ArrayLike<number>): number =>
  (Array.prototype.reduce.call(values, (sum, value) => (sum as number) + (value as number), 0) as number) /
  values.length;

/**
 * How well the grey levels of two pictures agree, -1..1: their correlation, or that with up to a tenth of one cut off at
 * its edges. Plain pictures agree when they are as light as each other.
 */
export function agreementOf(a: PictureLook, b: PictureLook): number {
  const plain = [a, b].filter(({ spread }) => spread < plainSpread).length;
  if (plain === 2) return Math.abs(meanOf(a.grey) - meanOf(b.grey)) <= plainDifference ? 1 : 0;
  if (plain === 1) return 0;
  const whole = correlate(a.grey, b.grey);
  if (whole < hopeless || whole > plenty) return whole;
  return Math.max(
    whole,
    ...cutOuts.flatMap(share => [
      correlate(cutOut(a.grey, share), b.grey),
      correlate(a.grey, cutOut(b.grey, share)),
    ]),
  );
}

/** Mean over the parts of the length of (Cb, Cr). */
function meanColour(from: (i: number) => number, length: number): number {
  let sum = 0;
  for (let i = 0; i < length; i += 2) sum += Math.hypot(from(i), from(i + 1));
  return (2 * sum) / length;
}

/** How colourful a picture is: the mean distance of its parts from grey, in Cb and Cr. */
export const colourOf = ({ colours }: PictureLook): number => meanColour(i => colours[i], colours.length);

function isGrey({ colours }: PictureLook): boolean {
  for (let i = 0; i < colours.length; i += 2) {
    if (Math.hypot(colours[i], colours[i + 1]) >= greyColour) return false;
  }
  return true;
}

/** Mean over the parts of the distance of their Cb and Cr; 0 where one of the two is grey, which a copy may have become. */
export const colourDifference = (a: PictureLook, b: PictureLook): number =>
  isGrey(a) || isGrey(b) ? 0 : meanColour(i => a.colours[i] - b.colours[i], a.colours.length);
