import pLimit from 'p-limit';
import type { Dataset, Example } from '../datasets/dataset.js';
import { type HashedExample, orderExamples } from '../datasets/order-examples.js';
import { readUnlessBroken, type UnreadableExample } from '../datasets/read-example.js';
import type { ReadTrainingSet, TrainingSet } from '../datasets/training-set.js';
import { MedoidError } from '../errors.js';
import { hashImage } from '../images/decode.js';
import { createRandom } from '../math/random.js';
import { inBatches, workAhead } from '../work-ahead.js';
import { type FeatureCache, featureKey } from './feature-cache.js';
import type { FeatureExtractor, View } from './feature-extractor.js';

const readAtOnce = 8;
const extractedAtOnce = 32;

export interface FeatureSetOptions {
  readonly extractor: FeatureExtractor;
  /** Of this extractor. */
  readonly cache: FeatureCache;
  /** 1: each picture as it is embedded; 2: also mirrored, and training draws one of the two. */
  readonly views: 1 | 2;
  readonly signal: AbortSignal;
  /** Pictures that are done with: whose features are there, or that are left out. */
  readonly onProgress?: (done: number) => void;
}

export interface ReadFeatureSet extends ReadTrainingSet {
  /** Length of the features. */
  readonly dimension: number;
}

type Features = Map<string, Float32Array>;

const viewsOf = (count: 1 | 2): readonly View[] => (count === 1 ? ['centre'] : ['centre', 'mirrored']);

function requireGoingOn(signal: AbortSignal): void {
  if (signal.aborted) throw new MedoidError('interrupted', 'stopped on request before the first step');
}

/** Reads every image, several at once; what they are decides which features they have. */
async function hashExamples(
  examples: readonly Example[],
  failed: UnreadableExample[],
  signal: AbortSignal,
): Promise<HashedExample[]> {
  const limit = pLimit(readAtOnce);
  const hashOne = (example: Example): Promise<HashedExample | undefined> => {
    requireGoingOn(signal);
    return readUnlessBroken(example, failed, async bytes => ({ example, hash: hashImage(bytes) }));
  };
  const hashed = await Promise.all(examples.map(example => limit(() => hashOne(example))));
  return hashed.filter(entry => entry !== undefined);
}

/** What is cached of some examples, and which of them lack a view. */
async function findCached(
  hashed: readonly HashedExample[],
  cache: FeatureCache,
  views: readonly View[],
): Promise<{ features: Features; cached: HashedExample[]; missing: Example[] }> {
  const keysOf = ({ hash }: HashedExample): string[] => views.map(view => featureKey(hash, view));
  const features = await cache.read(new Set(hashed.flatMap(keysOf)));
  const isCached = (entry: HashedExample): boolean => keysOf(entry).every(key => features.has(key));
  return {
    features,
    cached: hashed.filter(isCached),
    missing: hashed.filter(entry => !isCached(entry)).map(({ example }) => example),
  };
}

interface Extraction extends Pick<FeatureSetOptions, 'extractor' | 'cache' | 'signal'> {
  readonly views: readonly View[];
  /** Added to. */
  readonly features: Features;
  readonly failed: UnreadableExample[];
  readonly onBatch: (done: number) => void;
}

/** Decodes the next batch while ONNX Runtime is busy with one. @returns the examples that could be decoded */
async function extractFeatures(
  examples: readonly Example[],
  { extractor, cache, signal, views, features, failed, onBatch }: Extraction,
): Promise<HashedExample[]> {
  const limit = pLimit(readAtOnce);
  const decode = (example: Example) =>
    limit(() =>
      readUnlessBroken(example, failed, async bytes => ({
        example,
        path: example.path,
        hash: hashImage(bytes),
        pixels: await extractor.decode(bytes),
      })),
    );
  const decodeBatch = (batch: readonly Example[]) => Promise.all(batch.map(decode));
  const extracted: HashedExample[] = [];
  for await (const [batch, decoded] of workAhead(inBatches(examples, extractedAtOnce), decodeBatch)) {
    requireGoingOn(signal);
    const pictures = decoded.filter(picture => picture !== undefined);
    for (const view of views) {
      const rows = await extractor.extract(pictures, view);
      for (const [i, { hash }] of pictures.entries()) {
        const key = featureKey(hash, view);
        if (features.has(key)) continue;
        features.set(key, rows[i]);
        await cache.add(key, rows[i]);
      }
    }
    extracted.push(...pictures.map(({ example, hash }) => ({ example, hash })));
    onBatch(batch.length);
  }
  return extracted;
}

/** @param rows features of each example by view, the centre first: [examples][views][dimension] */
function toTrainingSet(
  rows: readonly (readonly Float32Array[])[],
  labels: Int32Array,
  dimension: number,
): TrainingSet {
  const fill = (batch: readonly number[], viewFor: (views: number) => number): Float32Array => {
    const target = new Float32Array(batch.length * dimension);
    for (const [i, example] of batch.entries()) {
      target.set(rows[example][viewFor(rows[example].length)], i * dimension);
    }
    return target;
  };
  return {
    labels,
    load: async batch => fill(batch, () => 0),
    loadVaried: async (batch, seed) => {
      const random = createRandom(seed);
      return fill(batch, views => random.integer(views));
    },
  };
}

/**
 * The features of labelled images, from the cache where they are there: every image is read, which tells what it is, and
 * only what is not cached is decoded. Images that cannot be read are left out. Order and SHA-256 are those of
 * `orderExamples`, whatever was cached.
 * @throws MedoidError `interrupted`, with all that was computed in the cache; `invalid-model` for features that are not
 *   finite; `file-unusable` where the cache cannot be written
 */
export async function readFeatureSet(
  { examples }: Pick<Dataset, 'examples'>,
  { extractor, cache, views: viewCount, signal, onProgress }: FeatureSetOptions,
): Promise<ReadFeatureSet> {
  const { dimension } = extractor;
  const views = viewsOf(viewCount);
  const failed: UnreadableExample[] = [];
  const hashed = await hashExamples(examples, failed, signal);
  const { features, cached, missing } = await findCached(hashed, cache, views);
  let done = examples.length - missing.length;
  onProgress?.(done);
  const onBatch = (count: number): void => {
    done += count;
    onProgress?.(done);
  };
  let extracted: HashedExample[];
  try {
    extracted = await extractFeatures(missing, {
      extractor,
      cache,
      signal,
      views,
      features,
      failed,
      onBatch,
    });
  } catch (error) {
    // What was computed is kept if it can be; what went wrong first is what is told.
    await cache.flush().catch(() => undefined);
    throw error;
  }
  await cache.flush();
  const { ordered, labels, classNames, sha256 } = orderExamples([...cached, ...extracted]);
  const rows = ordered.map(({ hash }) =>
    views.map(view => features.get(featureKey(hash, view)) as Float32Array),
  );
  return {
    set: toTrainingSet(rows, labels, dimension),
    classes: classNames.length,
    classNames,
    examples: ordered.map(({ example }) => example),
    sha256,
    failed,
    dimension,
  };
}
