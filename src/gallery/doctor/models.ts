import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { EmbeddingSetRow } from '../../catalog/rows.js';
import { moveIntoPlace } from '../../durable-file.js';
import { loadModel, type Model } from '../../embed/manifest.js';
import { MedoidError } from '../../errors.js';
import type { CatalogCheck, CheckedGallery, MendedGallery } from './check.js';
import { findSet } from './find-set.js';
import type { Finding } from './finding.js';
import { isAtRest, isLeftover } from './is-leftover.js';
import { findModifiedMs, listFolder } from './list-folder.js';
import { moveToQuarantine } from './quarantine.js';
import { tryAgain } from './try-again.js';

const modelsFolder = 'models';
const leftoverPattern = /\.(tmp|old)$/;

const listSets = ({ catalog }: Pick<CheckedGallery, 'catalog'>): EmbeddingSetRow[] =>
  catalog.sets.ids().flatMap(id => findSet(catalog, id) ?? []);

function examine(
  set: EmbeddingSetRow,
  model: Model | MedoidError,
): Pick<Finding, 'code' | 'detail'> | undefined {
  if (model instanceof MedoidError) {
    const code = model.code === 'file-not-found' ? 'model-missing' : 'model-damaged';
    return { code, detail: model.message };
  }
  if (model.id !== set.modelId) {
    return { code: 'model-other', detail: `expected ${set.modelId}, got ${model.id}` };
  }
  const { dimension } = model.manifest;
  if (dimension === set.dimension) return undefined;
  return { code: 'model-other', detail: `expected vectors of ${set.dimension} numbers, got ${dimension}` };
}

async function checkSets(gallery: CheckedGallery): Promise<void> {
  const read = new Map<string, Model | MedoidError>();
  for (const set of listSets(gallery)) {
    await gallery.takeTurn();
    const file = `${modelsFolder}/${set.modelDirectory}`;
    const known = read.get(file);
    const load = async (): Promise<Model> => {
      const { weights: _, ...model } = await loadModel(join(gallery.directory, file));
      return model;
    };
    const model = known ?? (await tryAgain(load, !isAtRest(gallery)));
    read.set(file, model);
    const fault = examine(set, model);
    if (fault !== undefined) gallery.tell({ ...fault, setId: set.id, file });
  }
}

async function checkLeftovers(gallery: CheckedGallery): Promise<void> {
  for (const { name } of await listFolder(join(gallery.directory, modelsFolder))) {
    if (!leftoverPattern.test(name)) continue;
    const file = `${modelsFolder}/${name}`;
    const modifiedMs = await findModifiedMs(join(gallery.directory, file));
    if (modifiedMs === undefined || !isLeftover(gallery, modifiedMs)) continue;
    gallery.tell({ code: 'model-leftover', file, detail: 'nobody is writing it' });
  }
}

async function findId(directory: string): Promise<string | undefined> {
  try {
    return (await loadModel(directory)).id;
  } catch (error) {
    if (error instanceof MedoidError) return undefined;
    throw error;
  }
}

/** It may be the only whole copy: then it takes the place that it was made for, or left. */
async function mendLeftover(gallery: MendedGallery, file: string): Promise<void> {
  const { directory, catalog } = gallery;
  const leftover = join(directory, file);
  const target = file.replace(leftoverPattern, '');
  const wanted = listSets({ catalog }).find(
    ({ modelDirectory }) => `${modelsFolder}/${modelDirectory}` === target,
  )?.modelId;
  const present = await findId(join(directory, target));
  if (present !== undefined && (wanted === undefined || wanted === present)) {
    await rm(leftover, { recursive: true });
    return;
  }
  const id = await findId(leftover);
  if (id === undefined || (wanted !== undefined && wanted !== id)) {
    await moveToQuarantine(directory, file);
    return;
  }
  if (existsSync(join(directory, target))) await moveToQuarantine(directory, target);
  await moveIntoPlace(leftover, join(directory, target));
}

export const models: CatalogCheck = {
  name: 'models',
  what: 'that the model of each set of vectors is there, whole, and makes vectors of that length',
  needs: 'catalog',
  async check(gallery) {
    await checkSets(gallery);
    await checkLeftovers(gallery);
  },
  async mend(gallery, findings) {
    for (const { code, file } of findings) {
      if (code === 'model-leftover' && file !== undefined) await mendLeftover(gallery, file);
    }
  },
};
