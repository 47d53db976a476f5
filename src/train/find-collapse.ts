import type { EpochMetrics } from './checkpoint.js';

/** Untrained networks were seen at 0.24 and above, those that learnt well at 0.4 and above from the first epoch on. */
const leastMeanDistance = 0.1;
/** Triplet, contrastive and proxy losses do well with 3 and were seen at 2.3; the others have 10 and more. */
const leastEffectiveRank = 2;
/** Where there are fewer directions to tell classes apart by, using few says nothing: k tight classes span k − 1. */
const leastDirections = 8;

const advice =
  'try a lower --learning-rate, more --warmup-steps, more classes a batch (--class-share), another margin or a ' +
  'smaller gamma (--loss-options), or another --loss';

type Spread = Pick<EpochMetrics, 'meanDistance' | 'effectiveRank'>;

/** What the numbers are to be judged by. */
export interface SpreadRoom {
  readonly dimension: number;
  /** That the images the spread was measured on could need: of the dimension, images − 1 and classes − 1 the least. */
  readonly directions: number;
}

const isBelow = (value: number | null, least: number): value is number => value !== null && value < least;

function signsOf({ meanDistance, effectiveRank }: Spread, { dimension, directions }: SpreadRoom) {
  const signs = new Map<'distance' | 'rank', string>();
  if (directions >= 1 && isBelow(meanDistance, leastMeanDistance)) {
    signs.set(
      'distance',
      `all images embed alike: their mean distance is ${meanDistance.toPrecision(2)}, expected at least ` +
        `${leastMeanDistance}; random directions are 1.41 apart`,
    );
  }
  if (directions >= leastDirections && isBelow(effectiveRank, leastEffectiveRank)) {
    signs.set(
      'rank',
      `images differ in hardly more than one direction: the effective rank of the embeddings is ` +
        `${effectiveRank.toPrecision(2)} of ${dimension}, expected at least ${leastEffectiveRank}`,
    );
  }
  return signs;
}

/**
 * Says that the embedding collapses, and what to try, in the epoch in which that begins.
 * @param before of the epoch before, if there is one: what was said then is not said again
 */
export function findCollapse(now: Spread, before: Spread | undefined, room: SpreadRoom): string[] {
  const said = before === undefined ? new Map() : signsOf(before, room);
  return [...signsOf(now, room)]
    .filter(([sign]) => !said.has(sign))
    .map(([, message]) => `the embedding collapses, ${message}; ${advice}`);
}
