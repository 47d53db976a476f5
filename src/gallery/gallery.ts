import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { Catalog } from '../catalog/catalog.js';
import { ProcessLock } from '../catalog/process-lock.js';
import type { Embedder } from '../embed/embedder.js';
import { loadModel } from '../embed/manifest.js';
import { MedoidError } from '../errors.js';
import { defaultImageLimits, type ImageLimits } from '../images/limits.js';
import { createActivity } from './activity.js';
import type { Collection } from './collection.js';
import { createEmbedderPool } from './embedder-pool.js';
import { createImageStore, type ImageStore, removeUnfinishedImages } from './image-store.js';
import { removeIndexFiles, removeStaleIndexFiles } from './index-files.js';
import { type CollectionSummary, toSummary } from './item.js';
import { createImageSweep } from './loose-images.js';
import { storeModel } from './model-store.js';
import type { Notify } from './notice.js';
import { OpenCollections } from './open-collections.js';

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
  /** Told what goes wrong beside what was asked for; a warning of the process unless given. */
  readonly onNotice?: Notify;
}

type LoadedModel = Awaited<ReturnType<typeof loadModel>>;

const collectionName = /^[A-Za-z0-9][\w.-]{0,63}$/;

async function lockForWriting(
  directory: string,
  { catalogPath, create }: { readonly catalogPath: string; readonly create: boolean },
): Promise<ProcessLock> {
  if (create) await mkdir(directory, { recursive: true });
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
  private readonly images: ImageStore;
  private readonly sweepImages: () => Promise<void>;
  private readonly collections: OpenCollections;
  private readonly creating = pLimit(1);
  private closing: Promise<void> | undefined;

  private constructor(
    readonly directory: string,
    private readonly options: GalleryOptions,
    private readonly catalog: Catalog,
    private readonly lock: ProcessLock | undefined,
  ) {
    const { limits = defaultImageLimits, wrapEmbedder = embedder => embedder, threads = 0 } = options;
    const notify = options.onNotice ?? (message => process.emitWarning(message));
    const modelsDirectory = join(directory, 'models');
    this.images = createImageStore(join(directory, 'images'), {
      isNeeded: sha256 => catalog.hasImage(sha256),
    });
    this.sweepImages = createImageSweep({ catalog, images: this.images, notify });
    this.collections = new OpenCollections({
      directory,
      catalog,
      images: this.images,
      sweepImages: this.sweepImages,
      embedders: createEmbedderPool({ modelsDirectory, threads, limits, wrapEmbedder }),
      activity: this.activity,
      access: options.access,
      limits,
      notify,
    });
  }

  /** @throws MedoidError `file-not-found`, `invalid-gallery` or `gallery-locked` */
  static async open(directory: string, options: GalleryOptions): Promise<Gallery> {
    const { access, create = false } = options;
    const catalogPath = join(directory, 'catalog.sqlite');
    if (access === 'read') {
      return new Gallery(directory, options, Catalog.open(catalogPath, { access }), undefined);
    }
    const lock = await lockForWriting(directory, { catalogPath, create });
    try {
      for (const folder of ['images', 'models', 'index']) {
        await mkdir(join(directory, folder), { recursive: true });
      }
      const catalog = Catalog.open(catalogPath, { access, create });
      const gallery = new Gallery(directory, options, catalog, lock);
      await gallery.tidy();
      return gallery;
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  listCollections(): CollectionSummary[] {
    return this.catalog.listCollections().map(toSummary);
  }

  /** @throws MedoidError `not-found`, or what is wrong with its model */
  collection(name: string): Promise<Collection> {
    return this.activity.run(async () => (await this.collections.open(name)).collection);
  }

  /**
   * Makes a collection, or opens the one there is, if its model is the same.
   * @throws MedoidError `model-mismatch`, `invalid-option`, or what is wrong with the model
   */
  createCollection(name: string, modelDirectory: string): Promise<Collection> {
    return this.activity.run(async () => {
      const model = await loadModel(modelDirectory);
      await this.creating(() => this.ensureCollection(name, model));
      return (await this.collections.open(name)).collection;
    });
  }

  /**
   * Removes a collection with its items, vectors, indexes and jobs, and the images that no other collection has; waits
   * for the uses under way. From the beginning there is none of that name.
   * @throws MedoidError `not-found`
   */
  removeCollection(name: string): Promise<void> {
    return this.activity.run(async () => {
      this.requireWriting();
      await this.collections.remove(name, async id => {
        const setIds = this.catalog.sets.ids(id);
        this.catalog.removeCollection(id);
        await removeIndexFiles(join(this.directory, 'index'), setIds);
        await this.sweepImages();
      });
    });
  }

  /** Saves what is not saved, after the last use has ended. */
  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  /** Removes what a process that was killed left behind. */
  private async tidy(): Promise<void> {
    try {
      await removeUnfinishedImages(join(this.directory, 'images'));
      await removeStaleIndexFiles(join(this.directory, 'index'), this.catalog.sets.ids());
      await this.sweepImages();
    } catch (error) {
      this.catalog.close();
      throw error;
    }
  }

  private async closeAll(): Promise<void> {
    await this.activity.close();
    try {
      await this.collections.closeAll({ save: this.options.access === 'write' });
      await this.images.close();
    } finally {
      this.catalog.close();
      this.lock?.close();
    }
  }

  private requireWriting(): void {
    if (this.options.access === 'write') return;
    throw new MedoidError('method-not-allowed', 'the gallery is open for reading; open it for writing');
  }

  private async ensureCollection(name: string, model: LoadedModel): Promise<void> {
    const existing = this.catalog.findCollection(name);
    if (existing !== undefined && this.collections.findId(name) === undefined) {
      throw new MedoidError('conflict', `collection ${name} is being removed: try again when it is gone`);
    }
    if (existing !== undefined && existing.modelId !== model.id) {
      throw new MedoidError(
        'model-mismatch',
        `collection ${name} was made with ${existing.modelId}, got ${model.id}: use another collection`,
      );
    }
    if (this.options.access === 'read') {
      if (existing !== undefined) return;
      throw new MedoidError('not-found', `no collection ${name}; open the gallery for writing to create it`);
    }
    if (!collectionName.test(name)) {
      throw new MedoidError(
        'invalid-option',
        `expected a name of letters, digits, ".", "_", "-", got ${JSON.stringify(name)}`,
        { field: 'collection' },
      );
    }
    // Also for a collection there is: a damaged copy is replaced.
    const modelDirectory = await storeModel(join(this.directory, 'models'), model);
    const { dimension } = model.manifest;
    if (existing === undefined) {
      this.catalog.addCollection({ name, modelId: model.id, modelDirectory, dimension });
    }
  }
}
