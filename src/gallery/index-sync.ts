import type { Catalog } from '../catalog/catalog.js';
import type { EmbeddingSetRow } from '../catalog/rows.js';
import { MedoidError, messageOf } from '../errors.js';
import { createTurns, type TakeTurn } from '../take-turns.js';
import { HnswIndex } from '../vector-index/hnsw.js';
import { removeSnapshot } from '../vector-index/snapshot.js';
import type { VectorIndex } from '../vector-index/vector-index.js';

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

const idsAtOnce = 1000;
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

/**
 * The same in turns, for as much as there may be. What is written meanwhile may or may not be followed; the index may
 * be changed and searched.
 */
export async function catchUpInTurns(
  index: VectorIndex,
  source: VectorSource,
  takeTurn: TakeTurn,
): Promise<number> {
  const { catalog, set } = source;
  const wanted = new Set<number>();
  for (let afterId = 0; ; ) {
    const ids = catalog.sets.listVectorIds(set.id, { afterId, limit: idsAtOnce });
    if (ids.length === 0) break;
    for (const id of ids) wanted.add(id);
    afterId = ids[ids.length - 1];
    await takeTurn();
  }
  let changes = 0;
  for (const id of index.ids()) {
    await takeTurn();
    // One that came after the ids were listed is no stranger; one that another has removed is gone.
    if (wanted.has(id) || !index.has(id) || catalog.sets.hasVector(set.id, id)) continue;
    index.remove([id]);
    changes++;
  }
  for (const id of wanted) {
    await takeTurn();
    if (index.has(id)) continue;
    addFromCatalog(index, source, [id]);
    changes++;
  }
  return changes;
}

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
  const changes = await catchUpInTurns(index, source, createTurns());
  if (typeof loaded === 'string') return { index, rebuiltBecause: loaded, changed: true };
  return { index, changed: changes > 0 };
}
