import { readFile } from 'node:fs/promises';
import { countParameters } from '../embed/count-parameters.js';
import { type Manifest, type ModelSource, manifestSchema } from '../embed/manifest.js';
import { MedoidError } from '../errors.js';
import { FeatureExtractor } from '../features/feature-extractor.js';
import type { HubModel } from './known-models.js';

export interface Downloaded {
  /** Of the `.onnx` file. */
  readonly path: string;
  readonly fileName: string;
  readonly sha256: string;
  readonly source: ModelSource;
  /** What it is to answer with, where that is known. */
  readonly dimension?: number | undefined;
}

/**
 * Runs a model once and writes down what it is.
 * @throws MedoidError `invalid-model` for one that does not run, or is not what it is meant to be
 */
export async function describeModel(wanted: HubModel, downloaded: Downloaded): Promise<Manifest> {
  const { name, preprocessing, output, pooling } = wanted;
  const { path, fileName, sha256, source } = downloaded;
  const extractor = await FeatureExtractor.open(path, { preprocessing, output, pooling });
  await extractor.close();
  const { dimension } = extractor;
  if (extractor.weightsSha256 !== sha256) {
    throw new MedoidError('invalid-model', `${path} is not what was written: got ${extractor.weightsSha256}`);
  }
  if (downloaded.dimension !== undefined && dimension !== downloaded.dimension) {
    throw new MedoidError(
      'invalid-model',
      `expected ${downloaded.dimension} numbers a picture of ${name}, got ${dimension}`,
    );
  }
  const parsed = manifestSchema.safeParse({
    formatVersion: 1,
    name,
    createdAt: new Date().toISOString(),
    weights: { file: fileName, sha256, parameters: countParameters(await readFile(path)) },
    ...{ input: extractor.input, output: extractor.output, dimension, preprocessing, source },
    ...(pooling === undefined ? {} : { pooling }),
    architecture: { network: 'onnx', options: {} },
    metrics: {},
  });
  if (parsed.success) return parsed.data;
  throw new MedoidError('invalid-model', `${name} cannot be used here: ${parsed.error.message}`);
}
