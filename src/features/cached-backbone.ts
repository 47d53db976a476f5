import type { Dataset } from '../datasets/dataset.js';
import { FeatureCache } from './feature-cache.js';
import { FeatureExtractor, type FeatureExtractorOptions } from './feature-extractor.js';
import { type FeatureSetOptions, type ReadFeatureSet, readFeatureSet } from './read-feature-set.js';

export interface CachedBackboneOptions extends FeatureExtractorOptions {
  /** Folder of the feature caches of all extractors. */
  readonly cacheFolder: string;
  readonly views: FeatureSetOptions['views'];
  /** Told of every damaged file in the cache. */
  readonly onNotice: (message: string) => void;
}

/** A feature extractor with its cache: what training a head needs of a frozen network. */
export class CachedBackbone {
  private constructor(
    readonly extractor: FeatureExtractor,
    private readonly cache: FeatureCache,
    readonly views: FeatureSetOptions['views'],
  ) {}

  /** @throws MedoidError as `FeatureExtractor.open` and `FeatureCache.open` */
  static async open(path: string, options: CachedBackboneOptions): Promise<CachedBackbone> {
    const { cacheFolder, views, onNotice, ...extraction } = options;
    const extractor = await FeatureExtractor.open(path, extraction);
    try {
      const cache = await FeatureCache.open(cacheFolder, extractor, { onNotice });
      return new CachedBackbone(extractor, cache, views);
    } catch (error) {
      await extractor.close();
      throw error;
    }
  }

  get preprocessing() {
    return this.extractor.preprocessing;
  }

  get pooling() {
    return this.extractor.pooling;
  }

  get input(): string {
    return this.extractor.input;
  }

  get output(): string {
    return this.extractor.output;
  }

  /** @throws MedoidError as `readFeatureSet` */
  read(dataset: Dataset, options: Pick<FeatureSetOptions, 'signal' | 'onProgress'>): Promise<ReadFeatureSet> {
    const { extractor, cache, views } = this;
    return readFeatureSet(dataset, { extractor, cache, views, ...options });
  }

  readWeights(): Promise<Uint8Array> {
    return this.extractor.readWeights();
  }

  async close(): Promise<void> {
    await this.extractor.close();
  }
}
