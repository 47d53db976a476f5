import { contrastive } from './contrastive.js';
import { facilityLocation } from './facility-location.js';
import { liftedStructure } from './lifted-structure.js';
import type { LossDefinition } from './loss.js';
import { multiSimilarity } from './multi-similarity.js';
import { nPair } from './n-pair.js';
import { normalisedSoftmax } from './normalised-softmax.js';
import { proxyAnchor } from './proxy-anchor.js';
import { supervisedContrastive } from './supervised-contrastive.js';
import { triplet } from './triplet.js';

/** Every loss that `medoid train --loss` knows. */
export const losses: readonly LossDefinition[] = [
  facilityLocation,
  contrastive,
  triplet,
  liftedStructure,
  nPair,
  multiSimilarity,
  supervisedContrastive,
  proxyAnchor,
  normalisedSoftmax,
];
