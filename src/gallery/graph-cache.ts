import pLimit from 'p-limit';
import { MedoidError, messageOf } from '../errors.js';
import { createTurns, type TakeTurn } from '../take-turns.js';
import type { ExactIndex } from '../vector-index/exact.js';
import { HnswIndex } from '../vector-index/hnsw.js';
import { removeSnapshot } from '../vector-index/snapshot.js';
import type { IndexChanges } from './add-items.js';
import type { Notify } from './notice.js';
import { unlessAborted } from './unless-aborted.js';

export interface GraphCacheParts {
  /** What the graph is to hold. */
  readonly vectors: ExactIndex;
  readonly modelId: string;
  /** Highest vector id that the catalog ever gave before the graph is opened. */
  readonly lastVectorId: number;
  /** Of the snapshot. */
  readonly path: string;
  /** With `write` a snapshot that cannot be used is taken away, so that nobody trusts it later. */
  readonly access: 'read' | 'write';
  /** Changes after which a snapshot is written again, or a tenth of the size where that is more. */
  readonly snapshotAfter: number;
  readonly notify: Notify;
}

const shareToSave = 0.1;

/**
 * The graph of a set of vectors: read from its snapshot and brought up to date, or built anew, in turns. Until it holds
 * what the vectors are, it is not there for searches.
 */
export class GraphCache {
  /** Why the graph is built anew, or was; nothing when its snapshot is used. Known once that has been read. */
  readonly rebuiltBecause: Promise<string | undefined>;
  /** The graph, once it is there. @throws MedoidError `interrupted` when it is closed before that */
  readonly ready: Promise<HnswIndex>;
  private index: HnswIndex | undefined;
  /** Ids that went while the index is not there yet. */
  private readonly removedMeanwhile = new Set<number>();
  /** Changes since the snapshot was read, how many of them the snapshot has now, and how many when it was last due. */
  private changes = 0;
  private savedChanges = 0;
  private attemptedChanges = 0;
  private readonly saving = pLimit(1);
  private readonly stop = new AbortController();

  /** Begins to read the snapshot. */
  constructor(private readonly parts: GraphCacheParts) {
    const loading = load(parts, this.stop.signal);
    // Of nothing a graph is built in no time: nobody need be told.
    const isEmpty = parts.vectors.size === 0;
    this.rebuiltBecause = loading.then(loaded =>
      typeof loaded === 'string' && !isEmpty ? loaded : undefined,
    );
    this.ready = this.prepare(loading);
    // Those who wait for it are told why it failed, and so is the log.
    this.rebuiltBecause.catch(() => undefined);
    this.ready.catch(error => {
      if (!this.stop.signal.aborted) {
        parts.notify(`the index of ${parts.modelId} could not be built: ${messageOf(error)}`, error);
      }
    });
  }

  /** Holds the same as the vectors; nothing while it is being made. */
  get graph(): HnswIndex | undefined {
    return this.index;
  }

  /** To be called with every change of the vectors, after it. */
  apply({ add, remove }: IndexChanges): void {
    if (this.index === undefined) {
      // What is added is come by, see `align`.
      for (const id of remove) this.removedMeanwhile.add(id);
      return;
    }
    this.index.add(add);
    this.index.remove(remove);
    this.changes += add.length + remove.length;
  }

  /** Once for each time that enough has changed. */
  isSaveDue(): boolean {
    if (this.index === undefined) return false;
    const due = Math.max(this.parts.snapshotAfter, shareToSave * this.index.size);
    if (this.changes - this.attemptedChanges <= due) return false;
    this.attemptedChanges = this.changes;
    return true;
  }

  /**
   * Writes the snapshot, once the graph is there, if it is not up to date.
   * @param signal ends the wait for the graph
   * @throws MedoidError `invalid-index`, `interrupted`
   */
  async save(signal?: AbortSignal): Promise<void> {
    const index = await unlessAborted(this.ready, signal);
    await this.saving(async () => {
      if (this.changes === this.savedChanges) return;
      await this.compact(index);
      // What is written is the graph as it is now, whatever is added meanwhile.
      const written = this.changes;
      await index.save(this.parts.path, this.parts.modelId);
      this.savedChanges = written;
      this.attemptedChanges = Math.max(this.attemptedChanges, written);
    });
  }

  /** Has whatever takes long end soon: a graph that is being built is given up, removed vectors stay in one there is. */
  hurry(): void {
    this.stop.abort();
  }

  /** Waits for what is under way, in a hurry. */
  async close(): Promise<void> {
    this.hurry();
    await this.ready.catch(() => undefined);
    await this.saving(async () => undefined);
  }

  private async compact(index: HnswIndex): Promise<void> {
    const { signal } = this.stop;
    await index.compact(createTurns(signal)).catch(error => {
      if (!signal.aborted) throw error;
    });
  }

  private async prepare(loading: Promise<HnswIndex | string>): Promise<HnswIndex> {
    const takeTurn = createTurns(this.stop.signal);
    const { vectors, access } = this.parts;
    const loaded = await loading;
    if (typeof loaded === 'string' && access === 'write') await this.takeAway();
    const index = typeof loaded === 'string' ? new HnswIndex(vectors.dimension) : loaded;
    do {
      this.changes += await align(index, vectors, takeTurn);
      // What went meanwhile may have been added before it did.
      const gone = [...this.removedMeanwhile].filter(id => index.has(id));
      index.remove(gone);
      this.changes += gone.length;
      this.removedMeanwhile.clear();
      // It has nothing that the vectors have not; they may have got more after the last was looked at.
    } while (index.size < vectors.size);
    this.index = index;
    // Nobody is to wait for it: it is for the next start.
    if (typeof loaded === 'string' && vectors.size > 0 && access === 'write') this.saveBeside();
    return index;
  }

  /** The graph is made all the same where it cannot be: a snapshot is compared with every vector before it is used. */
  private async takeAway(): Promise<void> {
    const { path, notify } = this.parts;
    await removeSnapshot(path).catch(error => {
      notify(`the index in ${path} cannot be used, nor removed: ${messageOf(error)}`, error);
    });
  }

  private saveBeside(): void {
    this.save().catch(error => {
      if (this.stop.signal.aborted) return;
      this.parts.notify(`the index could not be saved: ${messageOf(error)}`, error);
    });
  }
}

/** The snapshot, or why it cannot be used. */
async function load(
  { path, modelId, vectors, lastVectorId }: GraphCacheParts,
  signal: AbortSignal,
): Promise<HnswIndex | string> {
  try {
    const index = await HnswIndex.load(path, { modelId, dimension: vectors.dimension });
    if (index.lastId > lastVectorId) {
      return `it has seen vector ${index.lastId}, the catalog only ${lastVectorId}`;
    }
    return (await findContradiction(index, vectors, createTurns(signal))) ?? index;
  } catch (error) {
    if (error instanceof MedoidError && error.code === 'invalid-index') return messageOf(error);
    throw error;
  }
}

/** Why a snapshot that is whole cannot be of this catalog: one put back from a backup gives ids out again. Every vector is compared. */
async function findContradiction(
  index: HnswIndex,
  vectors: ExactIndex,
  takeTurn: TakeTurn,
): Promise<string | undefined> {
  for (const id of index.ids()) {
    await takeTurn();
    if (!vectors.has(id)) continue;
    const expected = vectors.vector(id);
    if (index.vector(id).some((value, d) => value !== expected[d])) {
      return `vector ${id} is another in the catalog`;
    }
  }
  for (const id of vectors.ids()) {
    await takeTurn();
    if (vectors.has(id) && index.hasRemoved(id)) return `it has seen vector ${id} go, the catalog has it`;
  }
  return undefined;
}

/** Has the index hold what the vectors are, which may change meanwhile; ids that go then may stay in it. */
async function align(index: HnswIndex, vectors: ExactIndex, takeTurn: TakeTurn): Promise<number> {
  let changes = 0;
  for (const id of index.ids()) {
    await takeTurn();
    if (vectors.has(id)) continue;
    index.remove([id]);
    changes++;
  }
  // Comes to what is added meanwhile, too.
  for (const id of vectors.ids()) {
    await takeTurn();
    if (index.has(id) || !vectors.has(id)) continue;
    index.add([{ id, vector: vectors.vector(id) }]);
    changes++;
  }
  return changes;
}
