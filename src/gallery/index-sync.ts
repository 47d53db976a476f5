import type { Catalog } from '../catalog/catalog.js';
import type { EmbeddingSetRow } from '../catalog/rows.js';
import { MedoidError, messageOf } from '../errors.js';
import { createTurns } from '../take-turns.js';
import { HnswIndex } from '../vector-index/hnsw.js';
import { removeSnapshot } from '../vector-index/snapshot.js';
import type { VectorIndex } from '../vector-index/vector-index.js';
import { inBatches } from '../work-ahead.js';

/** One set of vectors, as the catalog has them. */
export interface VectorSource {
  readonly catalog: Catalog;
  readonly set: EmbeddingSetRow;
}

export interface OpenedIndex {
  readonly index: HnswIndex;
  /** Why the snapshot could not be used and the index was built from the catalog. */
  readonly rebuiltBecause?: string;
  /** Whether the index is other than its snapshot. */
  readonly changed: boolean;
}

/** What is added without a pause: some milliseconds. */
const chunkSize = 16;
const newestCompared = 128;
const spreadCompared = 128;

/** Removes what the catalog has not, and returns the ids that the index lacks. */
function dropStrangers(index: VectorIndex, { catalog, set }: VectorSource) {
  const wanted = catalog.sets.vectorIds(set.id);
  const wantedSet = new Set(wanted);
  const strangers = [...index.ids()].filter(id => !wantedSet.has(id));
  index.remove(strangers);
  return { removed: strangers.length, missing: wanted.filter(id => !index.has(id)) };
}

/** One that was removed from the catalog since is passed over. */
function addFromCatalog(index: VectorIndex, { catalog, set }: VectorSource, ids: readonly number[]): void {
  index.add(
    ids.flatMap(id => {
      const vector = catalog.sets.findEmbedding(id, set.dimension);
      return vector === undefined ? [] : [{ id, vector }];
    }),
  );
}

/**
 * Makes the index hold exactly the catalog's vectors. Ids are never reused, so comparing ids is enough.
 * @returns how many it lacked or had too many
 */
export function catchUp(index: VectorIndex, source: VectorSource): number {
  return source.catalog.transaction(() => {
    const { removed, missing } = dropStrangers(index, source);
    addFromCatalog(index, source, missing);
    return removed + missing.length;
  });
}

/** A long one must leave room for signals and other requests. */
async function addInTurns(index: VectorIndex, source: VectorSource, ids: readonly number[]): Promise<void> {
  const takeTurn = createTurns();
  for (const chunk of inBatches(ids, chunkSize)) {
    addFromCatalog(index, source, chunk);
    await takeTurn();
  }
}

/** Fills an empty index with what the catalog has at the moment; what is written meanwhile it lacks. */
export const fillInTurns = (index: VectorIndex, source: VectorSource): Promise<void> =>
  addInTurns(index, source, source.catalog.sets.vectorIds(source.set.id));

/**
 * Why a snapshot that is whole cannot be of this catalog: one put back from a backup gives ids out again.
 * The newest vectors and some of all are compared number by number.
 */
function contradiction(index: HnswIndex, { catalog, set }: VectorSource): string | undefined {
  const last = catalog.sets.lastVectorId();
  if (index.lastId > last) return `it has seen vector ${index.lastId}, the catalog only ${last}`;
  const ids = [...index.ids()].sort((a, b) => b - a);
  const step = Math.max(1, Math.floor(ids.length / spreadCompared));
  for (const id of ids.filter((_, i) => i < newestCompared || i % step === 0)) {
    const expected = catalog.sets.findEmbedding(id, set.dimension);
    const actual = index.vector(id);
    if (expected?.some((value, d) => value !== actual[d])) return `vector ${id} is another in the catalog`;
  }
  return undefined;
}

async function loadSnapshot(path: string, source: VectorSource): Promise<HnswIndex | string> {
  try {
    const index = await HnswIndex.load(path, source.set);
    return contradiction(index, source) ?? index;
  } catch (error) {
    if (error instanceof MedoidError && error.code === 'invalid-index') return messageOf(error);
    throw error;
  }
}

/**
 * Opens the snapshot at `path` and catches up with the catalog; one that cannot be used is built anew from it.
 * @param access with `write` an unusable snapshot is taken away, so that nobody trusts it later
 */
export async function openIndex(
  path: string,
  source: VectorSource,
  access: 'read' | 'write',
): Promise<OpenedIndex> {
  const loaded = await loadSnapshot(path, source);
  if (typeof loaded === 'string' && access === 'write') await removeSnapshot(path);
  const index = typeof loaded === 'string' ? new HnswIndex(source.set.dimension) : loaded;
  const { removed, missing } = dropStrangers(index, source);
  await addInTurns(index, source, missing);
  if (typeof loaded === 'string') return { index, rebuiltBecause: loaded, changed: true };
  return { index, changed: removed + missing.length > 0 };
}
