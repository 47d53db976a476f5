import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hashWeights, loadModel, type Manifest, manifestFile } from '../embed/manifest.js';
import { MedoidError, messageOf } from '../errors.js';

/** The file of a feature extractor, and what a manifest beside it tells. */
export interface FoundBackbone {
  readonly weightsPath: string;
  readonly weights: Uint8Array;
  readonly weightsSha256: string;
  /** Undefined where the file stands for itself. */
  readonly manifest:
    | Pick<Manifest, 'input' | 'output' | 'features' | 'pooling' | 'preprocessing'>
    | undefined;
}

const missing = (path: string, error: unknown): MedoidError =>
  new MedoidError(
    'file-not-found',
    `expected an ONNX file, or a folder with one, at ${path}: ${messageOf(error)}`,
    { cause: error },
  );

async function readOnnxFile(path: string): Promise<FoundBackbone> {
  const weights = await readFile(path).catch(error => {
    throw missing(path, error);
  });
  return { weightsPath: path, weights, weightsSha256: await hashWeights(weights), manifest: undefined };
}

/**
 * Reads a model directory, a folder with exactly one `.onnx` file, or such a file.
 * @throws MedoidError `file-not-found` or `invalid-model`
 */
export async function findBackbone(path: string): Promise<FoundBackbone> {
  const found = await stat(path).catch(error => {
    throw missing(path, error);
  });
  if (!found.isDirectory()) return readOnnxFile(path);
  const names = await readdir(path);
  if (names.includes(manifestFile)) {
    const { manifest, weights } = await loadModel(path);
    const weightsPath = join(path, manifest.weights.file);
    return { weightsPath, weights, weightsSha256: manifest.weights.sha256, manifest };
  }
  const models = names.filter(name => name.toLowerCase().endsWith('.onnx')).sort();
  if (models.length === 1) return readOnnxFile(join(path, models[0]));
  throw new MedoidError(
    'invalid-model',
    `expected ${manifestFile} or one .onnx file in ${path}, got ${models.length === 0 ? 'none' : models.join(', ')}`,
  );
}
