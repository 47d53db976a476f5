import type { Catalog } from '../catalog/catalog.js';
import type { EmbeddingSetRow } from '../catalog/rows.js';
import { MedoidError } from '../errors.js';
import type { TakeTurn } from '../take-turns.js';
import { checkVector } from '../vector-index/checks.js';
import { ExactIndex } from '../vector-index/exact.js';
import type { IndexedVector } from '../vector-index/vector-index.js';
import type { IndexChanges } from './add-items.js';
import type { Notify } from './notice.js';

export interface FollowedSetParts {
  readonly catalog: Catalog;
  readonly set: EmbeddingSetRow;
  readonly notify: Notify;
  /** Told of every change, once it is made. */
  readonly onChange: (changes: IndexChanges) => void;
}

/** So few changes may be left to `catchUp`; or whatever is left after so many rounds. */
const fewChanges = 16;
const mostRounds = 20;

/** The vectors of a set of the catalog in memory, whoever writes to it. Ids are never reused, so comparing ids is enough. */
export class FollowedSet {
  readonly vectors: ExactIndex;
  /** The state of the set that is known to be in memory; nothing when it is not known. */
  private state: string | undefined;
  /** Ids of vectors that cannot be searched. */
  private readonly unusable = new Set<number>();

  constructor(private readonly parts: FollowedSetParts) {
    this.vectors = new ExactIndex(parts.set.dimension);
  }

  /** What this process has written. */
  apply(changes: IndexChanges): void {
    this.change(changes);
    this.state = undefined;
  }

  /** Has in memory exactly what the catalog has, in one piece; ids are compared only if the set has changed. */
  catchUp(): void {
    const { catalog, set } = this.parts;
    catalog.transaction(() => {
      const state = catalog.sets.vectorState(set.id);
      if (state === this.state) return;
      const wanted = new Set(catalog.sets.vectorIds(set.id));
      const remove = [...this.vectors.ids()].filter(id => !wanted.has(id));
      const missing = [...wanted].filter(id => !this.vectors.has(id));
      this.change({ add: missing.flatMap(id => this.read(id)), remove });
      this.state = state;
    });
  }

  /** Leaves little or nothing for `catchUp` to do, in turns. To be called once at a time. */
  async follow(takeTurn: TakeTurn): Promise<void> {
    const { catalog, set } = this.parts;
    for (let round = 0; round < mostRounds; round++) {
      const state = catalog.sets.vectorState(set.id);
      if (state === this.state) return;
      const changes = await this.followOnce(takeTurn);
      // A state never comes back: nothing was written meanwhile.
      if (catalog.sets.vectorState(set.id) === state) this.state = state;
      if (changes <= fewChanges) return;
    }
  }

  /** What is written meanwhile may or may not be followed. @returns how many vectors were lacking or too many */
  private async followOnce(takeTurn: TakeTurn): Promise<number> {
    const { catalog, set } = this.parts;
    const wanted = new Set<number>();
    let changes = 0;
    for (const id of catalog.sets.eachVectorId(set.id)) {
      await takeTurn();
      wanted.add(id);
      if (this.vectors.has(id)) continue;
      const add = this.read(id);
      this.change({ add, remove: [] });
      changes += add.length;
    }
    for (const id of this.vectors.ids()) {
      await takeTurn();
      // One that came after the ids were listed is no stranger; one that another has removed is gone.
      if (wanted.has(id) || !this.vectors.has(id) || catalog.sets.hasVector(set.id, id)) continue;
      this.change({ add: [], remove: [id] });
      changes++;
    }
    return changes;
  }

  private change(changes: IndexChanges): void {
    this.vectors.add(changes.add);
    this.vectors.remove(changes.remove);
    this.parts.onChange(changes);
  }

  /** Nothing for one that was removed since, and for one that is damaged: the others are searched without it. */
  private read(id: number): IndexedVector[] {
    const { catalog, set, notify } = this.parts;
    if (this.unusable.has(id)) return [];
    try {
      const vector = catalog.sets.findEmbedding(id, set.dimension);
      if (vector === undefined) return [];
      checkVector(vector, set.dimension);
      return [{ id, vector }];
    } catch (error) {
      if (!(error instanceof MedoidError)) throw error;
      this.unusable.add(id);
      notify(`vector ${id} is damaged and cannot be found, \`medoid doctor --fix\` makes it anew`, error);
      return [];
    }
  }
}
