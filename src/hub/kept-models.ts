import { existsSync } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { OnnxEmbedder } from '../embed/embedder.js';
import { loadModel, type Manifest, manifestFile, occupantOf } from '../embed/manifest.js';
import { MedoidError } from '../errors.js';
import { nearestName } from '../nearest-name.js';
import { knownModels } from './known-models.js';
import { pullFolder } from './pull-folder.js';

/** What a model and its folder may be called: no way up, nothing hidden. */
export const modelNamePattern = /^\w[\w.-]*$/;

const unfinishedPattern = /\.(pulling|tmp|old)$/;

/** A model of the folder of models, and what is wrong with it. */
export interface KeptModel {
  readonly name: string;
  readonly directory: string;
  /** Undefined where it cannot be read. */
  readonly manifest: Manifest | undefined;
  readonly id: string | undefined;
  /** Of its weights. */
  readonly bytes: number | undefined;
  readonly fault: string | undefined;
}

async function faultOf(work: () => Promise<unknown>): Promise<string | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof MedoidError) return error.message;
    throw error;
  }
}

/** Compares the weights with the hash in the manifest. */
export async function examineModel(models: string, name: string): Promise<KeptModel> {
  const directory = join(models, name);
  let model: Pick<KeptModel, 'manifest' | 'id' | 'bytes'> | undefined;
  const fault = await faultOf(async () => {
    const { manifest, id, weights } = await loadModel(directory);
    model = { manifest, id, bytes: weights.length };
  });
  return { name, directory, manifest: model?.manifest, id: model?.id, bytes: model?.bytes, fault };
}

/** The same, and embeds a grey picture with it. */
export async function tryModel(models: string, name: string): Promise<KeptModel> {
  const model = await examineModel(models, name);
  if (model.fault !== undefined) return model;
  const fault = await faultOf(async () => {
    const embedder = await OnnxEmbedder.open(model.directory);
    try {
      await embedder.embedPixels([new Uint8Array(3 * embedder.preprocessing.resize ** 2).fill(128)]);
    } finally {
      await embedder.close();
    }
  });
  return { ...model, fault };
}

/** Names of the models in a folder, whole or not; none where there is no folder. */
export async function listModelNames(models: string): Promise<string[]> {
  const entries = await readdir(models, { withFileTypes: true }).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  return entries
    .filter(entry => entry.isDirectory() || entry.isSymbolicLink())
    .map(({ name }) => name)
    .filter(name => !unfinishedPattern.test(name) && existsSync(join(models, name, manifestFile)))
    .sort();
}

/** @throws MedoidError `not-found`, naming the nearest */
export async function requireModel(models: string, name: string): Promise<void> {
  const names = await listModelNames(models);
  if (names.includes(name)) return;
  const hint = names.length === 0 ? 'it has none' : `the nearest is ${nearestName(name, names)}`;
  throw new MedoidError('not-found', `there is no model ${name} in ${models}: ${hint}`, { field: 'name' });
}

/**
 * Removes a model, or what an unfinished pull left of one. Galleries have copies of theirs.
 * @param lock as of `pullModel`
 * @throws MedoidError `not-found`, `run-locked` while it is pulled, or `out-exists` for what is no model: it stays
 */
export async function removeModel(
  models: string,
  name: string,
  lock: (folder: string) => Promise<{ close(): void }>,
): Promise<void> {
  const directory = join(models, name);
  const unfinished = pullFolder(directory);
  const occupant = await occupantOf(directory).catch(error => {
    throw new MedoidError('out-exists', `${directory} is no model: it is not removed`, { cause: error });
  });
  if (occupant === 'nothing' && !existsSync(unfinished)) return requireModel(models, name);
  const held = await lock(unfinished);
  try {
    // Under another name first, so that it is never there in part.
    const removed = `${directory}.old`;
    await rm(removed, { recursive: true, force: true });
    if (occupant === 'model') await rename(directory, removed);
    await rm(removed, { recursive: true, force: true });
    await rm(unfinished, { recursive: true, force: true });
  } finally {
    held.close();
  }
}

/**
 * Where the model is that somebody named.
 * @param given a path, or the name of a model in the folder of models; what is there as a path goes first
 * @throws MedoidError `file-not-found` for one that could be pulled, but is not there
 */
export function resolveModel(given: string, models: string): string {
  if (existsSync(given) || !modelNamePattern.test(given)) return given;
  const kept = join(models, given);
  if (existsSync(join(kept, manifestFile))) return kept;
  if (!knownModels.some(({ name }) => name === given)) return given;
  throw new MedoidError(
    'file-not-found',
    `there is no model ${given} in ${models} yet: medoid models pull ${given} brings it`,
  );
}
