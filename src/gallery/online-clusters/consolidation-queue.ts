import type { Catalog } from '../../catalog/catalog.js';
import { MedoidError, messageOf } from '../../errors.js';
import type { JobRunner } from '../jobs/job-runner.js';
import type { Notify } from '../notice.js';

/**
 * Makes what has the clusters of a collection consolidated, when their turn comes; nothing where it has none, or one that
 * waits already will see to it. Whoever wrote something has it on disk by then, and is not told what goes wrong with this:
 * the next change asks again.
 */
export const createConsolidationQueue =
  ({ catalog, notify, jobs }: { catalog: Catalog; notify: Notify; jobs: () => JobRunner }) =>
  (collection: string): void => {
    const collectionId = catalog.findCollectionId(collection);
    const clustering = collectionId === undefined ? undefined : catalog.clusterings.find(collectionId);
    if (clustering === undefined || catalog.jobs.hasQueued(clustering.collectionId, 'consolidate-clusters')) {
      return;
    }
    try {
      jobs().start('consolidate-clusters', collection, {});
      catalog.clusterings.forgetChanges(clustering.id);
    } catch (error) {
      // It is closing, and asks again when it is open.
      if (error instanceof MedoidError && error.code === 'interrupted') return;
      notify(`the clusters of ${collection} wait to be consolidated: ${messageOf(error)}`, error);
    }
  };
