import pLimit from 'p-limit';
import type { Catalog } from '../catalog/catalog.js';
import type { loadModel } from '../embed/manifest.js';
import { MedoidError } from '../errors.js';
import { checkCollectionName } from './collection-name.js';
import { storeModel } from './model-store.js';

type LoadedModel = Awaited<ReturnType<typeof loadModel>>;

interface MakerParts {
  readonly catalog: Catalog;
  readonly access: 'read' | 'write';
  /** `models/` of the gallery. */
  readonly modelsDirectory: string;
  /** Nothing for a collection that is being removed, either. */
  readonly findCollectionId: (name: string) => number | undefined;
}

/** Makes collections, one at a time. */
export class CollectionMaker {
  private readonly oneAtATime = pLimit(1);

  constructor(private readonly parts: MakerParts) {}

  /** @throws MedoidError `out-exists` when the name is taken */
  add(name: string, model: LoadedModel): Promise<void> {
    return this.oneAtATime(async () => {
      if (this.parts.catalog.findCollectionId(name) !== undefined) {
        throw new MedoidError('out-exists', `there is a collection ${name} already`, { field: 'name' });
      }
      await this.write(name, model);
    });
  }

  /** Unless there is one, of the same model. @throws MedoidError `model-mismatch`, `invalid-option` or `conflict` */
  ensure(name: string, model: LoadedModel): Promise<void> {
    return this.oneAtATime(async () => {
      const existing = this.parts.catalog.findCollection(name);
      if (existing !== undefined) this.checkExisting(name, existing.modelId, model);
      if (this.parts.access === 'read') {
        if (existing !== undefined) return;
        throw new MedoidError(
          'not-found',
          `no collection ${name}; open the gallery for writing to create it`,
        );
      }
      checkCollectionName(name, 'invalid-option', 'collection');
      // Also for a collection there is: a damaged copy of its model is replaced.
      await this.write(name, model);
    });
  }

  private checkExisting(name: string, modelId: string, model: LoadedModel): void {
    if (this.parts.findCollectionId(name) === undefined) {
      throw new MedoidError('conflict', `collection ${name} is being removed: try again when it is gone`);
    }
    if (modelId === model.id) return;
    throw new MedoidError(
      'model-mismatch',
      `collection ${name} was made with ${modelId}, got ${model.id}: use another collection`,
    );
  }

  private async write(name: string, model: LoadedModel): Promise<void> {
    const { catalog, modelsDirectory } = this.parts;
    const modelDirectory = await storeModel(modelsDirectory, model);
    if (catalog.findCollectionId(name) !== undefined) return;
    const { dimension } = model.manifest;
    catalog.addCollection({ name, modelId: model.id, modelDirectory, dimension });
  }
}
