import { hashDistance } from '../../images/perceptual-hash.js';
import { squaredDistance } from '../../math/vectors.js';
import type { DuplicateDistances } from './calibrate-distances.js';
import type { Duplicate, DuplicateGroup, DuplicatesFound, DuplicateTier } from './duplicate-group.js';
import type { PictureGroup } from './group-around.js';
import { samePictureBits } from './link-same-pictures.js';
import type { Picture } from './list-pictures.js';
import type { PictureHashes } from './picture-hashes.js';

/** What decides on the tier of a duplicate. */
export interface DuplicateMeasures {
  readonly distances: DuplicateDistances;
  readonly hashes: PictureHashes;
}

function judge(picture: Picture, representative: Picture, { distances, hashes }: DuplicateMeasures) {
  const distance = Math.sqrt(squaredDistance(picture.vector, representative.vector));
  const [a, b] = [hashes.of(picture), hashes.of(representative)];
  const bits = a === undefined || b === undefined ? null : hashDistance(a, b);
  const isSame = bits !== null && bits <= samePictureBits && distance <= distances.samePicture;
  return { tier: isSame ? ('same-picture' as const) : ('near' as const), distance, hashDistance: bits };
}

/** Nothing where nobody is left beside the one that stands for the group. */
function describeGroup(
  { representative, others }: PictureGroup,
  tools: DuplicateMeasures & { readonly tiers: readonly DuplicateTier[] },
): DuplicateGroup[] {
  const [first, ...copies] = representative.items;
  const identical = copies.map(({ itemId }): Duplicate => {
    return { id: itemId, tier: 'identical', distance: 0, hashDistance: 0 };
  });
  const different = others.flatMap(picture => {
    const judgement = judge(picture, representative, tools);
    return picture.items.map(({ itemId }): Duplicate => ({ id: itemId, ...judgement }));
  });
  const items = [...identical, ...different]
    .filter(({ tier }) => tools.tiers.includes(tier))
    .sort((a, b) => a.distance - b.distance || a.id - b.id);
  return items.length === 0 ? [] : [{ representative: first.itemId, items }];
}

/** @param tools.tiers those told of */
export function summariseGroups(
  groups: readonly PictureGroup[],
  tools: DuplicateMeasures & { readonly tiers: readonly DuplicateTier[] },
): DuplicatesFound {
  const described = groups.flatMap(group => describeGroup(group, tools));
  const items = described.flatMap(group => group.items);
  const count = (wanted: DuplicateTier): number => items.filter(({ tier }) => tier === wanted).length;
  const unreadable = tools.hashes.unreadable().flatMap(picture => picture.items.map(({ itemId }) => itemId));
  return {
    groups: described.sort((a, b) => a.representative - b.representative),
    duplicates: items.length,
    tiers: { identical: count('identical'), 'same-picture': count('same-picture'), near: count('near') },
    maxDistance: tools.distances.near,
    unreadable: unreadable.sort((a, b) => a - b),
  };
}
