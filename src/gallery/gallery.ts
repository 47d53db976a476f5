import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { Catalog } from '../catalog/catalog.js';
import { ProcessLock } from '../catalog/process-lock.js';
import { makeFolder } from '../durable-file.js';
import { loadModel } from '../embed/manifest.js';
import { MedoidError } from '../errors.js';
import { createActivity } from './activity.js';
import type { Collection } from './collection.js';
import { checkCollectionName } from './collection-name.js';
import type { Evaluations } from './evaluations/evaluations.js';
import { createGalleryParts, type GalleryOptions, type GalleryParts, notifierOf } from './gallery-parts.js';
import { removeUnfinishedImages } from './image-store.js';
import { removeStaleIndexFiles } from './index-files.js';
import { type CollectionSummary, toSummary } from './item.js';
import type { JobRunner } from './jobs/job-runner.js';
import type { ModelSummary } from './model-shelf.js';
import { refuseLostCatalog } from './refuse-lost-catalog.js';
import { requireWriting } from './require-writing.js';
import { Reserve } from './reserve.js';

export type { GalleryOptions };

async function lockForWriting(
  directory: string,
  { catalogPath, create }: { readonly catalogPath: string; readonly create: boolean },
): Promise<ProcessLock> {
  if (create) await makeFolder(directory);
  else if (!existsSync(catalogPath)) {
    throw new MedoidError('file-not-found', `expected a gallery, but there is no ${catalogPath}`);
  }
  return ProcessLock.acquire(join(directory, 'write.lock'));
}

/**
 * A folder with everything a search needs: `catalog.sqlite`, `images/`, `models/`, `index/`. It does not depend on
 * the files it was made from.
 */
export class Gallery {
  private readonly activity = createActivity();
  private readonly parts: GalleryParts;
  private closing: Promise<void> | undefined;

  private constructor(
    readonly directory: string,
    private readonly options: GalleryOptions,
    private readonly catalog: Catalog,
    private readonly lock: ProcessLock | undefined,
    reserve: Reserve,
  ) {
    this.parts = createGalleryParts({ directory, catalog, activity: this.activity, reserve }, options);
  }

  /**
   * With `runJobs`, jobs that were not done when it was last open for writing go on at once.
   * @throws MedoidError `file-not-found`, `invalid-gallery` or `gallery-locked`
   */
  static async open(directory: string, options: GalleryOptions): Promise<Gallery> {
    const { access, create = false } = options;
    const catalogPath = join(directory, 'catalog.sqlite');
    const reserve = new Reserve(join(directory, 'reserve'), notifierOf(options));
    if (access === 'read') {
      return new Gallery(directory, options, Catalog.open(catalogPath, { access }), undefined, reserve);
    }
    const lock = await lockForWriting(directory, { catalogPath, create });
    try {
      // Before anything else, so that a gallery that is refused is left as it was.
      await refuseLostCatalog(directory);
      const catalog = await reserve.withRoom(() => Catalog.open(catalogPath, { access, create }));
      const gallery = new Gallery(directory, options, catalog, lock, reserve);
      await gallery.takeUp();
      return gallery;
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  /** Long work on the collections. */
  get jobs(): JobRunner {
    return this.parts.jobs;
  }

  /** What was measured of the collections. */
  get evaluations(): Evaluations {
    return this.parts.evaluations;
  }

  listCollections(): CollectionSummary[] {
    return this.catalog.listCollections().map(toSummary);
  }

  /** @throws MedoidError `not-found`, or what is wrong with its model */
  collection(name: string): Promise<Collection> {
    return this.activity.run(async () => (await this.parts.collections.open(name)).collection);
  }

  /**
   * Makes a collection, or opens the one there is, if its model is the same.
   * @throws MedoidError `model-mismatch`, `invalid-option`, or what is wrong with the model
   */
  createCollection(name: string, modelDirectory: string): Promise<Collection> {
    return this.activity.run(async () => {
      const model = await loadModel(modelDirectory);
      await this.parts.maker.ensure(name, model);
      return (await this.parts.collections.open(name)).collection;
    });
  }

  /**
   * Makes a collection with one of the models that are listed.
   * @throws MedoidError `out-exists` when the name is taken, `not-found` for the model, `invalid-request` or `read-only`
   */
  addCollection(name: string, modelId: string): Promise<Collection> {
    return this.activity.run(async () => {
      requireWriting(this.options.access);
      checkCollectionName(name, 'invalid-request', 'name');
      await this.parts.maker.add(name, await this.parts.models.load(modelId));
      return (await this.parts.collections.open(name)).collection;
    });
  }

  /**
   * Removes a collection with its items, vectors, indexes and jobs, and the images that no other collection has; waits
   * for the uses under way. From the beginning there is none of that name.
   * @throws MedoidError `not-found` or `read-only`
   */
  removeCollection(name: string): Promise<void> {
    return this.activity.run(async () => {
      requireWriting(this.options.access);
      const { collections, jobs, removeIndexFiles, reserve, sweepImages } = this.parts;
      const { catalog } = this;
      await collections.remove(name, {
        stop: id => jobs.stopAll(id),
        remove: async id => {
          const setIds = catalog.sets.ids(id);
          await reserve.withRoom(
            () => catalog.removeCollection(id),
            () => catalog.shrinkLog(),
          );
          await removeIndexFiles(setIds);
          await sweepImages();
          await reserve.fill();
        },
      });
    });
  }

  /** A picture by its hash, whoever has it. @throws MedoidError `invalid-gallery` when it is missing or damaged */
  readImage(sha256: string): Promise<Buffer> {
    return this.activity.run(() => this.parts.images.read(sha256));
  }

  /** By id. A directory that is broken is told of, and passed over. */
  listModels(): Promise<ModelSummary[]> {
    return this.activity.run(async () => {
      const models = await this.parts.models.list();
      const collections = this.catalog.listCollections();
      return models.map(({ id, manifest }) => ({
        id,
        name: manifest.name,
        dimension: manifest.dimension,
        imageSize: manifest.preprocessing.crop,
        parameters: manifest.weights.parameters,
        createdAt: manifest.createdAt,
        collections: collections.filter(({ modelId }) => modelId === id).map(({ name }) => name),
      }));
    });
  }

  /** @throws MedoidError `not-found` unless it is one of those that are listed */
  requireModel(modelId: string): Promise<void> {
    return this.activity.run(async () => {
      await this.parts.models.find(modelId);
    });
  }

  /** Saves what is not saved, after the last use has ended; jobs go on when it is opened again. */
  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  /** Makes what folders there are not, removes what a process that was killed left behind, and takes up its jobs. */
  private async takeUp(): Promise<void> {
    try {
      for (const folder of ['images', 'models', 'index']) {
        await makeFolder(join(this.directory, folder));
      }
      await removeUnfinishedImages(join(this.directory, 'images'));
      await removeStaleIndexFiles(join(this.directory, 'index'), this.catalog.sets.ids());
      this.parts.jobs.resume();
    } catch (error) {
      this.catalog.close();
      throw error;
    }
    await this.parts.sweepImages();
    await this.parts.reserve.fill();
    this.parts.strayImages.start();
  }

  /** What an index lacks when it is opened again is taken from the catalog. */
  private readonly tellUnsaved = (error: unknown): void => {
    const isUnsaved = error instanceof MedoidError && error.code === 'invalid-index';
    if (!isUnsaved) throw error;
    notifierOf(this.options)(`an index could not be saved: ${error.message}`, error);
  };

  private async closeAll(): Promise<void> {
    const stopped = this.parts.jobs.close();
    await this.activity.close();
    await stopped;
    await this.parts.strayImages.close();
    try {
      await this.parts.collections
        .closeAll({ save: this.options.access === 'write' })
        .catch(this.tellUnsaved);
      if (this.options.access === 'write') {
        await this.parts.images.close();
        await this.parts.sweepImages();
      }
    } finally {
      this.catalog.close();
      this.lock?.close();
    }
  }
}
