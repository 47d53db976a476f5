import { MedoidError } from '../errors.js';
import type { Clusterer } from './clusterer.js';
import { facilityLocation, mostFacilityItems } from './facility-location.js';
import { kMeans } from './k-means.js';

interface ClustererEntry {
  readonly cluster: Clusterer;
  readonly mostItems: number;
}

/** Every way to cluster that there is, by its name. */
const clusterers = {
  'k-means': { cluster: kMeans, mostItems: Number.POSITIVE_INFINITY },
  'facility-location': { cluster: facilityLocation, mostItems: mostFacilityItems },
} as const satisfies Record<string, ClustererEntry>;

export type ClustererName = keyof typeof clusterers;
export const clustererNames = Object.keys(clusterers) as [ClustererName, ...ClustererName[]];

/** @throws MedoidError `invalid-option` when it cannot cluster so many items */
export function findClusterer(name: ClustererName, items: number): Clusterer {
  const { cluster, mostItems } = clusterers[name];
  if (items > mostItems) {
    throw new MedoidError(
      'invalid-option',
      `expected at most ${mostItems} images for the clusterer ${name}, got ${items}`,
      { field: 'clusterer' },
    );
  }
  return cluster;
}
