import { join } from 'node:path';
import type { Catalog } from '../catalog/catalog.js';
import type { Embedder } from '../embed/embedder.js';
import { messageOf } from '../errors.js';
import { defaultImageLimits, type ImageLimits } from '../images/limits.js';
import type { Activity } from './activity.js';
import { CollectionMaker } from './collection-maker.js';
import { defaultSnapshotAfter } from './default-snapshot-after.js';
import { createEmbedderPool } from './embedder-pool.js';
import { Evaluations } from './evaluations/evaluations.js';
import { type FetchImage, fetchNothing } from './image-fetching.js';
import { createImageStore, type ImageStore } from './image-store.js';
import { removeIndexFiles } from './index-files.js';
import { JobRunner } from './jobs/job-runner.js';
import { createImageSweep } from './loose-images.js';
import { ModelShelf } from './model-shelf.js';
import type { Notify } from './notice.js';
import { createConsolidationQueue } from './online-clusters/consolidation-queue.js';
import { OpenCollections } from './open-collections.js';
import type { Reserve } from './reserve.js';
import { StrayImages } from './stray-images.js';

export interface GalleryOptions {
  /** One process may write; any number may read beside it, and see what it writes. */
  readonly access: 'read' | 'write';
  /** Makes a gallery where there is none; with `write` access only. */
  readonly create?: boolean;
  /** Threads that embed one batch; 0 = as many as cores. */
  readonly threads?: number;
  /** Of images that are added or asked with. */
  readonly limits?: ImageLimits;
  /** Put around each model that is opened; none unless given. */
  readonly wrapEmbedder?: (embedder: Embedder) => Embedder;
  /** Folder of model directories that collections may be made with, beside those in the gallery. */
  readonly modelsDirectory?: string;
  /** Gets the images that jobs are given the addresses of; without it none are fetched. */
  readonly fetchImage?: FetchImage;
  /**
   * Does the jobs, those too that an earlier process left. Unless it is true they wait: whoever opens the gallery for
   * something else may lack what they need, such as `fetchImage`.
   */
  readonly runJobs?: boolean;
  /** Jobs that run at once; 1 unless given. Those of one collection run one after another. */
  readonly jobsAtOnce?: number;
  /** Changes of a collection after which a snapshot of its index is written; 1000 unless given. */
  readonly snapshotAfter?: number;
  /** Told what goes wrong beside what was asked for; a warning of the process unless given. */
  readonly onNotice?: Notify;
}

/** What works together in a gallery. */
export interface GalleryParts {
  readonly images: ImageStore;
  readonly reserve: Reserve;
  /** Removes the files of images that nothing needs any more. Never fails. */
  readonly sweepImages: () => Promise<void>;
  readonly strayImages: StrayImages;
  readonly models: ModelShelf;
  readonly collections: OpenCollections;
  readonly maker: CollectionMaker;
  readonly jobs: JobRunner;
  readonly evaluations: Evaluations;
  /** Those that cannot be removed now are removed when the gallery is opened again. Never fails. */
  readonly removeIndexFiles: (setIds: readonly number[]) => Promise<void>;
}

export interface GalleryGround {
  readonly reserve: Reserve;
  readonly directory: string;
  readonly catalog: Catalog;
  readonly activity: Activity;
}

export const notifierOf = ({ onNotice }: GalleryOptions): Notify =>
  onNotice ?? (message => process.emitWarning(message));

export function createGalleryParts(ground: GalleryGround, options: GalleryOptions): GalleryParts {
  const { directory, catalog } = ground;
  const { access, limits = defaultImageLimits, wrapEmbedder = embedder => embedder, threads = 0 } = options;
  const { snapshotAfter = defaultSnapshotAfter } = options;
  const notify = notifierOf(options);
  const modelsDirectory = join(directory, 'models');
  const images = createImageStore(join(directory, 'images'), {
    isNeeded: sha256 => catalog.hasImage(sha256) || jobs.needs(sha256),
  });
  const sweepImages = createImageSweep({ catalog, images, notify });
  const strayImages = new StrayImages({ directory: join(directory, 'images'), images, notify });
  const models = new ModelShelf({ own: modelsDirectory, others: options.modelsDirectory, notify });
  const embedders = createEmbedderPool({ modelsDirectory, threads, limits, wrapEmbedder });
  const consolidateClusters = createConsolidationQueue({ catalog, notify, jobs: () => jobs });
  const shared = { images, sweepImages, consolidateClusters, access, limits, snapshotAfter, notify };
  const collections = new OpenCollections({ ...ground, ...shared, embedders });
  const findCollectionId = (name: string): number | undefined => collections.findId(name);
  const removeFiles = (setIds: readonly number[]): Promise<void> =>
    removeIndexFiles(join(directory, 'index'), setIds).catch(error => {
      notify(`indexes that are of no use any more could not be removed: ${messageOf(error)}`, error);
    });
  const jobs = new JobRunner({
    services: {
      catalog,
      images,
      fetchImage: options.fetchImage ?? fetchNothing,
      storeModel: modelId => models.store(modelId),
      openSpace: set => collections.openSpace(set),
      removeIndexFiles: removeFiles,
      consolidateClusters,
    },
    access,
    jobsAtOnce: options.runJobs ? (options.jobsAtOnce ?? 1) : 0,
    open: name => collections.open(name),
    findCollectionId,
    sweepImages,
    notify,
  });
  const evaluations = new Evaluations({ ...ground, access, findCollectionId });
  const maker = new CollectionMaker({ catalog, access, modelsDirectory, findCollectionId });
  return {
    reserve: ground.reserve,
    images,
    sweepImages,
    strayImages,
    models,
    collections,
    maker,
    jobs,
    evaluations,
    removeIndexFiles: removeFiles,
  };
}
