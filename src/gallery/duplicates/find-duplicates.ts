import { createTurns } from '../../take-turns.js';
import type { VectorIndex } from '../../vector-index/vector-index.js';
import type { EmbeddingSpace } from '../embedding-space.js';
import { readEmbeddings } from '../read-embeddings.js';
import { addNearPictures } from './add-near-pictures.js';
import { calibrateDistances } from './calibrate-distances.js';
import type { DuplicatesFound, DuplicateTier } from './duplicate-group.js';
import { groupAround, type PictureGroup } from './group-around.js';
import { linkSamePictures } from './link-same-pictures.js';
import { listPictures, type Picture } from './list-pictures.js';
import { PictureHashes, type PictureSource } from './picture-hashes.js';
import { type DuplicateMeasures, summariseGroups } from './summarise-groups.js';

export interface DuplicateSearch {
  /** Up to which distance items are near; measured by the collection unless given. */
  readonly maxDistance?: number | undefined;
  /** What is looked for. */
  readonly tiers: readonly DuplicateTier[];
  readonly signal: AbortSignal;
  /** Told how many items were done. */
  readonly onProgress: (progress: { readonly done: number; readonly total: number }) => void;
}

interface SearchedPictures {
  readonly pictures: readonly Picture[];
  /** The picture of a vector; nothing for one that has come since. */
  readonly pictureOf: (vectorId: number) => Picture | undefined;
  readonly index: VectorIndex;
}

/** Awaited before each picture of each stage; tells of both stages as of one pass over the items. */
function createStageTurns({ items, signal, onProgress }: DuplicateSearch & { readonly items: number }) {
  const takeTurn = createTurns(signal);
  return (stage: 0 | 1, pictures: number) =>
    (done: number): Promise<void> | undefined => {
      if (done % 100 === 0)
        onProgress({ done: Math.floor((items * (stage + done / pictures)) / 2), total: items });
      return takeTurn();
    };
}

/** Groups of pictures, single ones too, of which hashes were made where there is more than one. */
async function groupPictures(
  { pictures, pictureOf, index }: SearchedPictures,
  { distances, hashes }: DuplicateMeasures,
  { tiers, signal, ...search }: DuplicateSearch & { readonly items: number },
): Promise<readonly PictureGroup[]> {
  const turnsOf = createStageTurns({ tiers, signal, ...search });
  let groups: readonly PictureGroup[] = pictures.map(picture => ({ representative: picture, others: [] }));
  if (tiers.includes('same-picture')) {
    const sought = { pictureOf, index, hashes, maxDistance: distances.samePicture };
    const same = await linkSamePictures(pictures, sought, turnsOf(0, pictures.length));
    groups = await groupAround(pictures, picture => [...(same.get(picture) ?? [])], createTurns(signal));
  }
  if (tiers.includes('near')) {
    const staysWhole = ({ representative, others }: PictureGroup): boolean =>
      others.length > 0 || (tiers.includes('identical') && representative.items.length > 1);
    const sought = { pictureOf, index, maxDistance: distances.near, staysWhole };
    groups = await addNearPictures(groups, sought, turnsOf(1, groups.length));
  }
  const severals = groups.filter(({ others }) => others.length > 0);
  if (tiers.includes('same-picture')) {
    await hashes.make(severals.flatMap(({ representative, others }) => [representative, ...others]));
  }
  return groups;
}

/**
 * Finds items that show the same, and which of each group stands for it: the one of most pixels, then of most bytes, then
 * the medoid, then of the lowest id. Each of a group is a duplicate of that one, by bytes, by hash and embedding, or by its
 * embedding alone; the tiers are told apart in this order. Pairs are those that the graph finds near. The same
 * collection and graph give the same groups.
 * @throws MedoidError `interrupted`
 */
export async function findDuplicates(
  space: EmbeddingSpace,
  source: PictureSource,
  search: DuplicateSearch,
): Promise<DuplicatesFound> {
  const { signal, tiers } = search;
  const embeddings = await readEmbeddings({ catalog: source.catalog, set: space.set }, { signal });
  // To compare each with every other would take longer than to wait for the graph.
  const index = await space.indexed();
  const pictures = listPictures(embeddings);
  const byVector = new Map(
    pictures.flatMap(picture => picture.items.map(({ vectorId }) => [vectorId, picture])),
  );
  const searched = {
    pictures,
    pictureOf: (vectorId: number) => byVector.get(vectorId),
    index,
  };
  const measures = {
    distances: calibrateDistances(space.similarityScale(), search.maxDistance),
    hashes: new PictureHashes(source, signal),
  };
  const items = embeddings.items.length;
  const groups = await groupPictures(searched, measures, { ...search, items });
  search.onProgress({ done: items, total: items });
  return summariseGroups(groups, { ...measures, tiers });
}
