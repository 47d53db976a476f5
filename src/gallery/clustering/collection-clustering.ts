import type { CollectionParts } from '../collection.js';
import { clusterItems, type ItemClustering } from './cluster-items.js';
import { clusterPictures, type LoosePicture } from './cluster-pictures.js';
import type { ClusteredPicture, Clustering } from './clustering.js';
import type { ClusteringOptions, ItemSelection } from './clustering-input.js';
import { selectItems } from './select-items.js';

/** Groups of what is alike, found when they are asked for; nothing of them is kept. */
export class CollectionClustering {
  constructor(private readonly parts: CollectionParts) {}

  /** How many items are meant. @throws MedoidError `not-found` for ids that there are no items of */
  countSelected(selection: ItemSelection): number {
    const { catalog, row, space } = this.parts;
    const source = { catalog, collectionId: row.id, set: space.current.set };
    return selectItems(selection, source)?.length ?? catalog.countItems(row.id);
  }

  /** Groups items by their embeddings. @throws MedoidError as the function of that name */
  clusterItems(clustering: ItemClustering): Promise<Clustering> {
    const { catalog, row, activity, space } = this.parts;
    const source = { catalog, collectionId: row.id };
    return activity.run(() => space.use(current => clusterItems(current, source, clustering)));
  }

  /** The same of pictures that are not stored. @throws MedoidError as the function of that name */
  clusterPictures(
    pictures: readonly LoosePicture[],
    options: ClusteringOptions & { readonly signal: AbortSignal },
  ): Promise<Clustering<ClusteredPicture>> {
    const { activity, space } = this.parts;
    return activity.run(() => space.use(current => clusterPictures(current, pictures, options)));
  }
}
