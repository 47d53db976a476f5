import { bySize } from './by-size.js';
import { cOverM } from './c-over-m.js';
import { hardNegatives } from './hard-negatives.js';
import { nPairSampler } from './n-pair.js';
import { pByK } from './p-by-k.js';
import type { SamplerDefinition } from './sampler.js';

/** Every sampler that `medoid train --sampler` knows. */
export const samplers: readonly SamplerDefinition[] = [cOverM, pByK, nPairSampler, hardNegatives, bySize];
