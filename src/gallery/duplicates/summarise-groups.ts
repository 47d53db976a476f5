import { hashDistance } from '../../images/perceptual-hash.js';
import { squaredDistance } from '../../math/vectors.js';
import type { TakeTurn } from '../../take-turns.js';
import type { DuplicateDistances } from './calibrate-distances.js';
import type { Duplicate, DuplicateGroup, DuplicatesFound, DuplicateTier } from './duplicate-group.js';
import type { PictureGroup } from './group-around.js';
import type { SamePictures } from './link-same-pictures.js';
import type { Picture } from './list-pictures.js';
import type { PictureHashes } from './picture-hashes.js';
import { separateSettled } from './separate-settled.js';
import type { SettledPairs } from './settled-pairs.js';

/** What decides on the tier of a duplicate. */
export interface DuplicateMeasures {
  readonly distances: DuplicateDistances;
  readonly hashes: PictureHashes;
  readonly same: SamePictures;
}

function judge(picture: Picture, representative: Picture, { hashes, same }: DuplicateMeasures) {
  const distance = Math.sqrt(squaredDistance(picture.vector, representative.vector));
  const [a, b] = [hashes.of(picture), hashes.of(representative)];
  const bits = a === undefined || b === undefined ? null : hashDistance(a, b);
  const isSame = same.get(representative)?.has(picture) === true;
  return { tier: isSame ? ('same-picture' as const) : ('near' as const), distance, hashDistance: bits };
}

export interface SummaryTools extends DuplicateMeasures {
  /** Those told of. */
  readonly tiers: readonly DuplicateTier[];
  /** Those that could not be read. */
  readonly unreadable: readonly Picture[];
  readonly settled: SettledPairs;
}

/** Of items with the same bytes, those that the first is settled with are duplicates of each other all the same. */
function describeIdentical(ids: readonly number[], settled: SettledPairs): DuplicateGroup[] {
  if (ids.length < 2) return [];
  const [first, ...copies] = ids;
  const items = copies.map((id): Duplicate => ({ id, tier: 'identical', distance: 0, hashDistance: 0 }));
  const left = copies.filter(id => settled.has(first, id));
  return [...separateSettled(first, items, settled), ...describeIdentical(left, settled)];
}

/** Nothing where nobody is left beside the one that stands for the group. */
function describeGroup({ representative, others }: PictureGroup, tools: SummaryTools): DuplicateGroup[] {
  const { settled, tiers } = tools;
  const [first, ...copies] = representative.items;
  const identical = copies.map(({ itemId }): Duplicate => {
    return { id: itemId, tier: 'identical', distance: 0, hashDistance: 0 };
  });
  const different = others.flatMap(picture => {
    const judgement = judge(picture, representative, tools);
    return picture.items.map(({ itemId }): Duplicate => ({ id: itemId, ...judgement }));
  });
  const items = [...identical, ...different]
    .filter(({ tier }) => tiers.includes(tier))
    .sort((a, b) => a.distance - b.distance || a.id - b.id);
  const left = copies.map(({ itemId }) => itemId).filter(id => settled.has(first.itemId, id));
  return [
    ...separateSettled(first.itemId, items, settled),
    ...(tiers.includes('identical') ? describeIdentical(left, settled) : []),
  ];
}

/** @throws MedoidError `interrupted` */
export async function summariseGroups(
  groups: readonly PictureGroup[],
  tools: SummaryTools,
  takeTurn: TakeTurn,
): Promise<DuplicatesFound> {
  const described: DuplicateGroup[] = [];
  const imageOf = new Map<number, string>();
  const tiers = { identical: 0, 'same-picture': 0, near: 0 };
  for (const group of groups) {
    await takeTurn();
    for (const one of describeGroup(group, tools)) {
      described.push(one);
      for (const { tier } of one.items) tiers[tier]++;
    }
    for (const { imageSha256, items } of [group.representative, ...group.others]) {
      for (const { itemId } of items) imageOf.set(itemId, imageSha256);
    }
  }
  const unreadable = tools.unreadable.flatMap(picture => picture.items.map(({ itemId }) => itemId));
  return {
    groups: described.sort((a, b) => a.representative - b.representative),
    duplicates: tiers.identical + tiers['same-picture'] + tiers.near,
    tiers,
    maxDistance: tools.distances.near,
    unreadable: unreadable.sort((a, b) => a - b),
    imageOf,
  };
}
