import { createTurns } from '../../take-turns.js';
import type { VectorIndex } from '../../vector-index/vector-index.js';
import type { EmbeddingSpace } from '../embedding-space.js';
import { hashedSideOf } from '../hash-picture.js';
import { readEmbeddings } from '../read-embeddings.js';
import { addNearPictures } from './add-near-pictures.js';
import { calibrateDistances } from './calibrate-distances.js';
import type { DuplicatesFound, DuplicateTier } from './duplicate-group.js';
import { groupAround, type PictureGroup } from './group-around.js';
import { linkSamePictures, type SamePictures } from './link-same-pictures.js';
import { listPictures, type Picture } from './list-pictures.js';
import { PictureHashes } from './picture-hashes.js';
import { PictureReader, type PictureSource } from './picture-reader.js';
import { SameLook } from './same-look.js';
import { SettledPairs } from './settled-pairs.js';
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

const progressStep = 100;
const stages = ['hash', 'link', 'near'] as const;

/** Awaited before each picture of each stage; tells of all stages as of one pass over the items. */
function createStageTurns({ items, signal, onProgress }: DuplicateSearch & { readonly items: number }) {
  const takeTurn = createTurns(signal);
  let told = 0;
  return (stage: (typeof stages)[number], pictures: number) =>
    (done: number): Promise<void> | undefined => {
      const share = (stages.indexOf(stage) + done / Math.max(1, pictures)) / stages.length;
      const all = Math.floor(items * share);
      if (all >= told + progressStep) {
        onProgress({ done: all, total: items });
        told = all;
      }
      return takeTurn();
    };
}

type StageTurns = ReturnType<typeof createStageTurns>;

interface SameSearch {
  readonly hashes: PictureHashes;
  readonly reader: PictureReader;
  readonly settled: SettledPairs;
  readonly maxDistance: number;
  readonly turnsOf: StageTurns;
}

async function findSame(
  { pictures, pictureOf, index }: SearchedPictures,
  { hashes, reader, settled, maxDistance, turnsOf }: SameSearch,
): Promise<SamePictures> {
  await hashes.load(pictures, turnsOf('hash', pictures.length));
  const sought = { pictureOf, index, hashes, looks: new SameLook(reader), settled, maxDistance };
  return linkSamePictures(pictures, sought, turnsOf('link', pictures.length));
}

/** Groups of pictures, single ones too. */
async function groupPictures(
  { pictures, pictureOf, index }: SearchedPictures,
  { distances, same, settled }: DuplicateMeasures & { readonly settled: SettledPairs },
  { tiers, signal, turnsOf }: DuplicateSearch & { readonly turnsOf: StageTurns },
): Promise<readonly PictureGroup[]> {
  const groups = await groupAround(
    pictures,
    picture => [...(same.get(picture) ?? [])].sort((a, b) => a.rank - b.rank),
    createTurns(signal),
  );
  if (!tiers.includes('near')) return groups;
  const staysWhole = ({ representative, others }: PictureGroup): boolean =>
    others.length > 0 || (tiers.includes('identical') && representative.items.length > 1);
  const sought = { pictureOf, index, maxDistance: distances.near, staysWhole, settled };
  return addNearPictures(groups, sought, turnsOf('near', groups.length));
}

/**
 * Finds items that show the same, and which of each group stands for it: the one of most pixels, then of most bytes, then
 * the medoid, then of the lowest id. Each of a group is a duplicate of that one, by bytes, by what it looks like, or by its
 * embedding alone; the tiers are told apart in this order. A pair that was decided of is never told, in whatever group. Pairs
 * are those that the graph or the hashes find near. The same collection and graph give the same groups.
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
  const distances = calibrateDistances(space.similarityScale(), search.maxDistance);
  const reader = new PictureReader(source, signal);
  const items = embeddings.items.length;
  const turnsOf = createStageTurns({ ...search, items });
  const hashes = new PictureHashes(reader, hashedSideOf(space.embedder));
  const settled = new SettledPairs(source.catalog.decisions.listHolding(space.set.collectionId));
  const sought = { hashes, reader, settled, maxDistance: distances.samePicture, turnsOf };
  const same = tiers.includes('same-picture') ? await findSame(searched, sought) : new Map();
  const measures = { distances, hashes, same, settled };
  const groups = await groupPictures(searched, measures, { ...search, turnsOf });
  search.onProgress({ done: items, total: items });
  const tools = { ...measures, tiers, unreadable: reader.unreadable() };
  return summariseGroups(groups, tools, createTurns(signal));
}
