import type { EpochMetrics } from './checkpoint.js';

/** Two images embed this near each other on average; those of random directions are √2 apart. */
const leastMeanDistance = 0.1;
/** Directions that the embedding must at least use, as a share of those it could, and in all. */
const leastRankShare = 0.03;
const leastRank = 2;
/** Where fewer directions are there to use, using few of them says nothing. */
const leastRoom = 8;
