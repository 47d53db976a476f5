import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { moveIntoPlace, replaceFile } from '../durable-file.js';
import { MedoidError, messageOf } from '../errors.js';
import { preprocessingSchema } from '../images/preprocessing.js';
import { createTurns } from '../take-turns.js';

export const manifestFile = 'manifest.json';

/** How the tokens of a vision transformer, [n, tokens, d], become one vector a picture. */
export const poolingSchema = z.enum(['cls', 'mean']);

export type Pooling = z.infer<typeof poolingSchema>;

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);

/** Where a model that was not trained here came from. */
export const modelSourceSchema = z.strictObject({
  hub: z.url(),
  repository: z.string(),
  file: z.string(),
  /** As it was asked for: a branch, a tag or a commit. */
  revision: z.string(),
  /** What that was then. */
  commit: z.string().regex(/^[0-9a-f]{40}$/),
  /** As the repository has it; null where it says nothing. */
  license: z.string().nullable(),
});

export type ModelSource = z.infer<typeof modelSourceSchema>;

/** What a model directory says about itself. `train` and `models pull` write it, `embed` obeys it. */
export const manifestSchema = z.strictObject({
  formatVersion: z.literal(1),
  name: z.string().min(1),
  createdAt: z.iso.datetime(),
  /** ONNX file beside the manifest, from `input` [n, 3, crop, crop] float32 to `output` [n, dimension]. */
  weights: z.strictObject({
    file: z.string().regex(/^[\w.-]+\.onnx$/),
    sha256: sha256Schema,
    parameters: z.int().nonnegative(),
  }),
  input: z.string(),
  output: z.string(),
  /** Name of another output, what the embedding is made of, [n, features]: better than it for a head to read. */
  features: z.string().optional(),
  /** Only where `output` is [n, tokens, dimension]. */
  pooling: poolingSchema.optional(),
  dimension: z.int().min(1).max(4096),
  preprocessing: preprocessingSchema,
  architecture: z.strictObject({ network: z.string(), options: z.record(z.string(), z.unknown()) }),
  /** Of a model that was trained here. */
  training: z
    .strictObject({
      dataset: z.string(),
      classes: z.int().nonnegative(),
      images: z.int().nonnegative(),
      /** SHA-256 over the sorted (label, image hash) pairs of the training images. */
      dataSha256: sha256Schema,
      seed: z.int(),
      steps: z.int().nonnegative(),
      engine: z.string(),
      options: z.record(z.string(), z.unknown()),
    })
    .optional(),
  /** Of a model that was brought from a hub. */
  source: modelSourceSchema.optional(),
  metrics: z.record(z.string(), z.number().nullable()),
});

export type Manifest = z.infer<typeof manifestSchema>;

/** A manifest together with where it lies and the identity of the vectors it makes. */
export interface Model {
  readonly directory: string;
  readonly manifest: Manifest;
  /** Changes when the weights or the preprocessing do: vectors of different ids are never compared. */
  readonly id: string;
}

export const sha256 = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('hex');

const hashedAtOnce = 2 ** 20;

/** The same of weights, which may be hundreds of megabytes: a server goes on meanwhile. */
export async function hashWeights(weights: Uint8Array): Promise<string> {
  const takeTurn = createTurns();
  const hash = createHash('sha256');
  for (let start = 0; start < weights.length; start += hashedAtOnce) {
    hash.update(weights.subarray(start, start + hashedAtOnce));
    await takeTurn();
  }
  return hash.digest('hex');
}

export const modelId = (manifest: Manifest): string => {
  const { weights, input, output, pooling, dimension, preprocessing } = manifest;
  const pooled = pooling === undefined ? [] : [pooling];
  const identity = JSON.stringify([weights.sha256, input, output, dimension, preprocessing, ...pooled]);
  return `${manifest.name}@${sha256(identity).slice(0, 16)}`;
};

/**
 * Reads and verifies a model directory.
 * @throws MedoidError `file-not-found` or `invalid-model`, naming the file
 */
export async function loadModel(directory: string): Promise<Model & { readonly weights: Buffer }> {
  const path = join(directory, manifestFile);
  const text = await readFile(path, 'utf8').catch(error => {
    throw new MedoidError('file-not-found', `expected a model directory with ${path}: ${messageOf(error)}`);
  });
  let manifest: Manifest;
  try {
    manifest = manifestSchema.parse(JSON.parse(text));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw new MedoidError('invalid-model', `${path} is not a model manifest: ${reason}`, { cause: error });
  }
  const weightsPath = join(directory, manifest.weights.file);
  const weights = await readFile(weightsPath).catch(error => {
    throw new MedoidError('invalid-model', `the weights are missing: ${messageOf(error)}`, { cause: error });
  });
  const actual = await hashWeights(weights);
  if (actual !== manifest.weights.sha256) {
    throw new MedoidError(
      'invalid-model',
      `${weightsPath} is damaged: expected SHA-256 ${manifest.weights.sha256}, got ${actual}`,
    );
  }
  return { directory, manifest, id: modelId(manifest), weights };
}

/**
 * What is at a path where a model directory is to go.
 * @throws MedoidError `out-exists` where there is anything but a model: it may not be replaced
 */
export async function occupantOf(directory: string): Promise<'nothing' | 'model'> {
  const refusal = new MedoidError(
    'out-exists',
    `${directory} is there and is no model: it will not be replaced`,
  );
  const names = await readdir(directory).catch((error: NodeJS.ErrnoException): string[] => {
    if (error.code === 'ENOENT') return [];
    throw refusal;
  });
  if (names.length === 0) return 'nothing';
  const isModel =
    names.includes(manifestFile) && names.every(name => name === manifestFile || /\.onnx$/.test(name));
  if (!isModel) throw refusal;
  return 'model';
}

/**
 * Writes a model directory; it appears whole or not at all, and takes the place of a model that is there.
 * @throws MedoidError `out-exists` where there is anything but a model
 */
export async function saveModel(directory: string, manifest: Manifest, weights: Uint8Array): Promise<void> {
  const temporary = `${directory}.tmp`;
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  await replaceFile(join(temporary, manifest.weights.file), weights);
  await placeModel(temporary, directory, manifest);
}

/**
 * Gives a folder that holds the weights, synced, its manifest, and puts it in its place as `saveModel` does.
 * @param temporary a folder on the same file system
 * @throws MedoidError `out-exists` where there is anything but a model
 */
export async function placeModel(temporary: string, directory: string, manifest: Manifest): Promise<void> {
  const replaced = `${directory}.old`;
  await replaceFile(join(temporary, manifestFile), `${JSON.stringify(manifest, null, 2)}\n`);
  const occupant = await occupantOf(directory).catch(async error => {
    await rm(temporary, { recursive: true });
    throw error;
  });
  await rm(replaced, { recursive: true, force: true });
  if (occupant === 'model') await rename(directory, replaced);
  await moveIntoPlace(temporary, directory);
  await rm(replaced, { recursive: true, force: true });
}
