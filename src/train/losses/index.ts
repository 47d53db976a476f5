import { facilityLocation } from './facility-location.js';
import type { LossDefinition } from './loss.js';

/** Every loss that `medoid train --loss` knows. */
export const losses: readonly LossDefinition[] = [facilityLocation];
