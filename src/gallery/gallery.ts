import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { Catalog } from '../catalog/catalog.js';
import { ProcessLock } from '../catalog/process-lock.js';
import type { CollectionRow } from '../catalog/rows.js';
import { OnnxEmbedder } from '../embed/embedder.js';
import { loadModel } from '../embed/manifest.js';
import { MedoidError } from '../errors.js';
import { type Activity, createActivity } from './activity.js';
import { Collection } from './collection.js';
import { createImageStore, type ImageStore, removeUnfinishedImages } from './image-store.js';
import type { CollectionSummary } from './item.js';
import { storeModel } from './model-store.js';

export interface GalleryOptions {
  /** One process may write; any number may read beside it, and see what it writes. */
  readonly access: 'read' | 'write';
  /** Makes a gallery where there is none; with `write` access only. */
  readonly create?: boolean;
  /** Threads that embed one batch; 0 = as many as cores. */
  readonly threads?: number;
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
  private readonly activity: Activity = createActivity();
  private readonly images: ImageStore;
  private readonly collections = new Map<string, Promise<Collection>>();
  private readonly creating = pLimit(1);
  private closing: Promise<void> | undefined;
  private readonly embedders = new Map<string, Promise<OnnxEmbedder>>();

  private constructor(
    readonly directory: string,
    private readonly options: GalleryOptions,
    private readonly catalog: Catalog,
    private readonly lock: ProcessLock | undefined,
  ) {
    this.images = createImageStore(join(directory, 'images'));
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
      await removeUnfinishedImages(join(directory, 'images'));
      return new Gallery(directory, options, Catalog.open(catalogPath, { access, create }), lock);
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  listCollections(): CollectionSummary[] {
    return this.catalog.listCollections().map(({ name, modelId, dimension, items, createdAt }) => ({
      name,
      modelId,
      dimension,
      items,
      createdAt,
    }));
  }

  /** @throws MedoidError `not-found`, or what is wrong with its model */
  collection(name: string): Promise<Collection> {
    return this.activity.run(() => this.openCollection(name));
  }

  /**
   * Makes a collection, or opens the one there is, if its model is the same.
   * @throws MedoidError `model-mismatch`, `invalid-option`, or what is wrong with the model
   */
  createCollection(name: string, modelDirectory: string): Promise<Collection> {
    return this.activity.run(async () => {
      const model = await loadModel(modelDirectory);
      await this.creating(() => this.ensureCollection(name, model));
      return this.openCollection(name);
    });
  }

  /** Saves what is not saved, after the last use has ended. */
  close(): Promise<void> {
    this.closing ??= this.closeAll();
    return this.closing;
  }

  private async closeAll(): Promise<void> {
    await this.activity.close();
    try {
      const opened = await Promise.all(this.collections.values());
      if (this.options.access === 'write') for (const collection of opened) await collection.saveOne();
    } finally {
      for (const embedder of this.embedders.values()) await (await embedder).close();
      this.catalog.close();
      this.lock?.close();
    }
  }

  private async ensureCollection(name: string, model: LoadedModel): Promise<void> {
    const existing = this.catalog.findCollection(name);
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

  private openCollection(name: string): Promise<Collection> {
    const row = this.catalog.findCollection(name);
    if (row === undefined) throw new MedoidError('not-found', `the gallery has no collection ${name}`);
    return once(this.collections, name, async () =>
      Collection.open({
        row,
        catalog: this.catalog,
        images: this.images,
        embedder: await this.openEmbedder(row),
        activity: this.activity,
        indexPath: join(this.directory, 'index', `${row.id}.hnsw`),
        access: this.options.access,
      }),
    );
  }

  private openEmbedder({ modelDirectory, modelId }: CollectionRow): Promise<OnnxEmbedder> {
    return once(this.embedders, modelDirectory, async () => {
      const path = join(this.directory, 'models', modelDirectory);
      const embedder = await OnnxEmbedder.open(path, { threads: this.options.threads ?? 0 });
      if (embedder.modelId === modelId) return embedder;
      await embedder.close();
      throw new MedoidError('model-mismatch', `${path}: expected ${modelId}, got ${embedder.modelId}`);
    });
  }
}

/** Starts the work for a key once, however many ask for it; one that failed may be tried again. */
function once<T>(started: Map<string, Promise<T>>, key: string, work: () => Promise<T>): Promise<T> {
  const running = started.get(key);
  if (running !== undefined) return running;
  const promise = work();
  started.set(key, promise);
  promise.catch(() => started.delete(key));
  return promise;
}
