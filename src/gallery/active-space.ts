import type { Catalog } from '../catalog/catalog.js';
import type { EmbeddingSetRow } from '../catalog/rows.js';
import { MedoidError } from '../errors.js';
import type { EmbeddingSpace } from './embedding-space.js';
import { once } from './once.js';

export interface ActiveSpaceParts {
  readonly catalog: Catalog;
  readonly collectionId: number;
  readonly name: string;
  readonly access: 'read' | 'write';
  readonly openSpace: (set: EmbeddingSetRow) => Promise<EmbeddingSpace>;
}

/**
 * The space that a collection is searched in. Another may take its place at any moment: what began in the one before
 * ends in it.
 */
export class ActiveSpace {
  private readonly opening = new Map<number, Promise<EmbeddingSpace>>();
  /** Spaces that are no longer the one, and may still be in use. */
  private readonly retiring = new Set<Promise<void>>();

  private constructor(
    private readonly parts: ActiveSpaceParts,
    private space: EmbeddingSpace,
  ) {}

  /** @throws MedoidError `not-found`, or what is wrong with the model */
  static async open(parts: ActiveSpaceParts): Promise<ActiveSpace> {
    return new ActiveSpace(parts, await parts.openSpace(findActive(parts)));
  }

  get current(): EmbeddingSpace {
    return this.space;
  }

  /** Opens the space that another process has put in the place of this one. @throws MedoidError `not-found` */
  async follow(): Promise<void> {
    if (this.parts.access === 'write') return;
    for (let set = findActive(this.parts); set.id !== this.space.setId; set = findActive(this.parts)) {
      const wanted = set;
      await once(this.opening, wanted.id, async () => {
        try {
          const space = await this.parts.openSpace(wanted);
          this.replace(space);
        } finally {
          this.opening.delete(wanted.id);
        }
        return this.space;
      });
    }
  }

  /** Does the work in the space that is the one when it begins. */
  async use<T>(work: (space: EmbeddingSpace) => Promise<T>): Promise<T> {
    for (;;) {
      await this.follow();
      const { space } = this;
      try {
        return await space.use(work);
      } catch (error) {
        // Another process may have put two others in its place meanwhile, and removed it.
        if (this.parts.catalog.sets.find(space.setId) !== undefined) throw error;
        if (this.parts.access === 'write') throw error;
      }
    }
  }

  /** From the next use on. */
  replace(space: EmbeddingSpace): void {
    const closing = this.space.close().finally(() => this.retiring.delete(closing));
    this.retiring.add(closing);
    this.space = space;
  }

  /** Waits until only the space that is the one is in use. */
  async settle(): Promise<void> {
    await Promise.all(this.retiring);
  }

  async close(): Promise<void> {
    await Promise.all([...this.retiring, this.space.close()]);
  }
}

function findActive({ catalog, collectionId, name }: ActiveSpaceParts): EmbeddingSetRow {
  const set = catalog.sets.findActive(collectionId);
  if (set === undefined) throw new MedoidError('not-found', `the collection ${name} has been removed`);
  return set;
}
