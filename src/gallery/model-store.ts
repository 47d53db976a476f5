import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { loadModel, type Model, saveModel } from '../embed/manifest.js';
import { MedoidError } from '../errors.js';

const maxNameLength = 150;

/** A folder name of its own for every model id, the id itself where that is safe. */
export function modelFolder(modelId: string): string {
  const safe = encodeURIComponent(modelId).replaceAll('*', '%2A').replaceAll('%40', '@');
  return safe.length <= maxNameLength ? safe : createHash('sha256').update(modelId).digest('hex');
}

async function isWhole(directory: string, modelId: string): Promise<boolean> {
  try {
    return (await loadModel(directory)).id === modelId;
  } catch (error) {
    if (error instanceof MedoidError) return false;
    throw error;
  }
}

/**
 * Copies a model into the gallery, unless a whole copy is there, so that the gallery does not depend on the original.
 * @param modelsDirectory `models/` of the gallery
 * @returns the name of the copy's folder
 */
export async function storeModel(
  modelsDirectory: string,
  model: Model & { readonly weights: Uint8Array },
): Promise<string> {
  const folder = modelFolder(model.id);
  const target = join(modelsDirectory, folder);
  if (await isWhole(target, model.id)) return folder;
  await saveModel(target, model.manifest, model.weights);
  return folder;
}
