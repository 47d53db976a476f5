import pLimit from 'p-limit';
import type { Catalog } from '../catalog/catalog.js';
import { MedoidError, messageOf } from '../errors.js';
import type { ImageLimits } from '../images/limits.js';
import type { ActiveSpace } from './active-space.js';
import { planItems, writePlans } from './add-items.js';
import type { EmbeddingSpace } from './embedding-space.js';
import type { ImageStore } from './image-store.js';
import type { AddOutcome } from './item.js';
import type { Notify } from './notice.js';
import {
  type FailedItem,
  type ItemToPrepare,
  type PreparationTools,
  type PreparedItem,
  prepareItem,
} from './prepare-item.js';

export interface WriterParts {
  readonly collectionId: number;
  readonly catalog: Catalog;
  readonly images: ImageStore;
  readonly space: ActiveSpace;
  readonly limits: ImageLimits;
  readonly notify: Notify;
}

const preparedAtOnce = 8;

/** Changes a collection: one call after the other, each in one transaction, and its indexes with it. */
export class CollectionWriter {
  private readonly oneAtATime = pLimit(1);
  private readonly preparing = pLimit(preparedAtOnce);

  constructor(private readonly parts: WriterParts) {}

  prepare(item: ItemToPrepare): Promise<PreparedItem | FailedItem> {
    const { catalog, collectionId, space } = this.parts;
    return this.preparing(() =>
      space.use(current =>
        prepareItem(item, catalog.findItemByKey(collectionId, item.key)?.imageSha256, this.toolsOf(current)),
      ),
    );
  }

  /** In the order of the calls, however long each one's preparation takes. */
  commit(
    prepared: Promise<readonly (PreparedItem | FailedItem)[]>,
    signal?: AbortSignal,
  ): Promise<AddOutcome[]> {
    // Awaited below, when the turn comes; a failure before that is not an unhandled one.
    prepared.catch(() => undefined);
    return this.exclusively(async space => {
      const items = await prepared;
      throwIfAborted(signal);
      const plans = await planItems(items, this.parts, this.toolsOf(space));
      throwIfAborted(signal);
      // From here to the end without a pause: a search never sees the catalog and the index apart.
      const { outcomes, changes } = writePlans(plans, this.parts);
      space.apply(changes);
      this.saveIfDue(space);
      return outcomes;
    });
  }

  /** While the work lasts nothing else is written, and no other space takes the place of the one it is given. */
  exclusively<T>(work: (space: EmbeddingSpace) => Promise<T>): Promise<T> {
    return this.oneAtATime(() => this.parts.space.use(work));
  }

  private toolsOf({ embedder }: EmbeddingSpace): PreparationTools {
    const { images, limits } = this.parts;
    return { embedder, images, limits };
  }

  private saveIfDue(space: EmbeddingSpace): void {
    if (!space.isSaveDue()) return;
    space
      .use(() => space.save())
      .catch(error => {
        this.parts.notify(`the index could not be saved: ${messageOf(error)}`, error);
      });
  }
}

function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw new MedoidError('interrupted', 'stopped on request; nothing was written');
}
