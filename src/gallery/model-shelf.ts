import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { NewEmbeddingSet } from '../catalog/embedding-sets.js';
import { loadModel, type Manifest, type Model, manifestFile } from '../embed/manifest.js';
import { MedoidError, messageOf } from '../errors.js';
import { storeModel } from './model-store.js';
import type { Notify } from './notice.js';

/** A model that collections can be made with. */
export interface ModelSummary {
  readonly id: string;
  readonly name: string;
  readonly dimension: number;
  /** Pixels of the side of the square it sees. */
  readonly imageSize: number;
  readonly parameters: number;
  /** ISO 8601. */
  readonly createdAt: string;
  /** Those that it is the model of. */
  readonly collections: readonly string[];
}

interface ShelfOptions {
  /** `models/` of the gallery. */
  readonly own: string;
  /** A folder of other model directories. */
  readonly others: string | undefined;
  readonly notify: Notify;
}

interface ReadModel {
  /** Of the manifest and the weights when they were read. */
  readonly identity: string;
  readonly model: Model;
}

async function identityOf(directory: string, { weights }: Manifest): Promise<string> {
  const stats = await Promise.all([manifestFile, weights.file].map(name => stat(join(directory, name))));
  return stats.map(({ ino, size, mtimeMs }) => `${ino}/${size}/${mtimeMs}`).join(' ');
}

/** Names of the folders that may be models, or nothing where there is no such folder. */
async function listFolders(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  return entries
    .filter(entry => !entry.isFile() && !/\.(tmp|old)$/.test(entry.name))
    .map(({ name }) => name)
    .sort();
}

/** The models at hand, by id: those of the gallery, and those of a folder beside it. */
export class ModelShelf {
  /** By directory: the weights are not read again each time. */
  private readonly read = new Map<string, ReadModel>();
  /** What was said last of a directory that is no model. */
  private readonly told = new Map<string, string>();

  constructor(private readonly options: ShelfOptions) {}

  /** By id. A directory that is broken is told of, and passed over. */
  async list(): Promise<Model[]> {
    const { own, others } = this.options;
    const models = new Map<string, Model>();
    for (const folder of others === undefined ? [own] : [own, others]) {
      for (const model of await this.listFolder(folder)) {
        if (!models.has(model.id)) models.set(model.id, model);
      }
    }
    return [...models.values()].sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** @throws MedoidError `not-found` */
  async find(modelId: string): Promise<Model> {
    const model = (await this.list()).find(({ id }) => id === modelId);
    if (model !== undefined) return model;
    throw new MedoidError('not-found', `there is no model ${modelId}`, { field: 'modelId' });
  }

  /** With its weights. @throws MedoidError `not-found`, or what is wrong with it */
  async load(modelId: string): ReturnType<typeof loadModel> {
    return loadModel((await this.find(modelId)).directory);
  }

  /** Copies a model into the gallery, unless it is there. @throws MedoidError `not-found` */
  async store(modelId: string): Promise<NewEmbeddingSet> {
    const model = await this.load(modelId);
    const modelDirectory = await storeModel(this.options.own, model);
    return { modelId, modelDirectory, dimension: model.manifest.dimension };
  }

  private async listFolder(folder: string): Promise<Model[]> {
    try {
      const found: Model[] = [];
      for (const name of await listFolders(folder)) {
        const model = await this.tryModel(join(folder, name));
        if (model !== undefined) found.push(model);
      }
      return found;
    } catch (error) {
      this.tell(folder, `the models of ${folder} cannot be listed: ${messageOf(error)}`, error);
      return [];
    }
  }

  private async tryModel(directory: string): Promise<Model | undefined> {
    try {
      const known = this.read.get(directory);
      if (known !== undefined && (await identityOf(directory, known.model.manifest)) === known.identity) {
        return known.model;
      }
      const { weights: _, ...model } = await loadModel(directory);
      this.read.set(directory, { model, identity: await identityOf(directory, model.manifest) });
      this.told.delete(directory);
      return model;
    } catch (error) {
      this.read.delete(directory);
      this.tell(directory, `${directory} is passed over: ${messageOf(error)}`, error);
      return undefined;
    }
  }

  private tell(place: string, message: string, cause: unknown): void {
    if (this.told.get(place) === message) return;
    this.told.set(place, message);
    this.options.notify(message, cause);
  }
}
