import { greatestDistance } from '../search-question.js';
import type { SimilarityScale } from '../similarity-scale.js';

/** Up to which distances of embeddings items are held for duplicates. */
export interface DuplicateDistances {
  /** Nothing but the embedding says so. */
  readonly near: number;
  /** The perceptual hash says so as well; at least `near`. */
  readonly samePicture: number;
}

/** One of 10,000 random pairs is as near. On photos of groceries hardly a picture has another one so near. */
const nearSimilarity = 0.9999;
/** One of 100 random pairs is as near: what the hash alone would mistake is seldom among them. */
const samePictureSimilarity = 0.99;
/** Of a collection too small to measure: a cosine similarity of 0.989, and of 0.875. */
const uncalibrated: DuplicateDistances = { near: 0.15, samePicture: 0.5 };

const halvings = 40;

/** The largest distance that is at least so similar, to 2 / 2⁴⁰. */
function distanceAt(scale: SimilarityScale, similarity: number): number {
  let [low, high] = [0, greatestDistance];
  for (let i = 0; i < halvings; i++) {
    const middle = (low + high) / 2;
    if (scale(middle) >= similarity) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * What is near depends on the model and on how much alike the pictures of a collection are anyway, so it is measured by
 * random pairs of them. Labels are not asked: what is sold under one label need not be one picture.
 * @param scale nothing for a collection that is too small to have one
 * @param maxDistance for `near`, in place of a measured one
 */
export function calibrateDistances(
  scale: SimilarityScale | undefined,
  maxDistance?: number,
): DuplicateDistances {
  const measured =
    scale === undefined
      ? uncalibrated
      : { near: distanceAt(scale, nearSimilarity), samePicture: distanceAt(scale, samePictureSimilarity) };
  const near = maxDistance ?? measured.near;
  return { near, samePicture: Math.max(near, measured.samePicture) };
}
