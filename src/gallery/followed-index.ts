import type { TakeTurn } from '../take-turns.js';
import type { VectorIndex } from '../vector-index/vector-index.js';
import type { IndexChanges } from './add-items.js';
import { catchUp, catchUpInTurns, type VectorSource } from './index-sync.js';

/** So few changes may be left to `catchUp`; or whatever is left after so many rounds. */
const fewChanges = 16;
const mostRounds = 20;

/** An index of a set of vectors that others may write to. */
export class FollowedIndex<Index extends VectorIndex> {
  /** The state of the set that the index is known to hold; nothing when it is not known. */
  private state: string | undefined;

  constructor(
    readonly index: Index,
    private readonly source: VectorSource,
  ) {}

  /** What this process has written. */
  apply({ add, remove }: IndexChanges): void {
    this.index.add(add);
    this.index.remove(remove);
    this.state = undefined;
  }

  /**
   * Makes the index hold exactly what the catalog has, in one piece; ids are compared only if the set has changed.
   * @returns how many vectors it lacked or had too many
   */
  catchUp(): number {
    const { catalog, set } = this.source;
    return catalog.transaction(() => {
      const state = catalog.sets.vectorState(set.id);
      if (state === this.state) return 0;
      const changes = catchUp(this.index, this.source);
      this.state = state;
      return changes;
    });
  }

  /** Leaves little or nothing for `catchUp` to do, in turns. To be called once at a time. @returns as `catchUp` */
  async follow(takeTurn: TakeTurn): Promise<number> {
    const { catalog, set } = this.source;
    let total = 0;
    for (let round = 0; round < mostRounds; round++) {
      const state = catalog.sets.vectorState(set.id);
      if (state === this.state) break;
      const changes = await catchUpInTurns(this.index, this.source, takeTurn);
      total += changes;
      // A state never comes back: nothing was written meanwhile.
      if (catalog.sets.vectorState(set.id) === state) this.state = state;
      if (changes <= fewChanges) break;
    }
    return total;
  }
}
