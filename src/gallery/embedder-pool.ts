import { join } from 'node:path';
import { type Embedder, OnnxEmbedder } from '../embed/embedder.js';
import { MedoidError } from '../errors.js';
import type { ImageLimits } from '../images/limits.js';
import { once } from './once.js';

export interface EmbedderPoolOptions {
  /** `models/` of the gallery. */
  readonly modelsDirectory: string;
  /** Threads that embed one batch; 0 = as many as cores. */
  readonly threads: number;
  readonly limits: ImageLimits;
  readonly wrapEmbedder: (embedder: Embedder) => Embedder;
}

export interface EmbedderLease {
  readonly embedder: Embedder;
  /** The model is closed when nobody has it any more. */
  release(): Promise<void>;
}

interface Entry {
  readonly embedder: Embedder;
  leases: number;
}

/** Models of the gallery, each opened once, however many collections are made with it. */
export interface EmbedderPool {
  /**
   * @param modelDirectory name of a folder of the models
   * @throws MedoidError `model-mismatch` when it is another model, or what is wrong with it
   */
  open(modelDirectory: string, modelId: string): Promise<EmbedderLease>;
}

export function createEmbedderPool(options: EmbedderPoolOptions): EmbedderPool {
  const { modelsDirectory, threads, limits, wrapEmbedder } = options;
  const entries = new Map<string, Promise<Entry>>();

  async function openEntry(path: string, modelId: string): Promise<Entry> {
    const embedder = await OnnxEmbedder.open(path, { threads, limits });
    if (embedder.modelId === modelId) return { embedder: wrapEmbedder(embedder), leases: 0 };
    await embedder.close();
    throw new MedoidError('model-mismatch', `${path}: expected ${modelId}, got ${embedder.modelId}`);
  }

  return {
    async open(modelDirectory, modelId) {
      const opening = once(entries, modelDirectory, () =>
        openEntry(join(modelsDirectory, modelDirectory), modelId),
      );
      const entry = await opening;
      // The last one may have closed it while this one waited.
      if (entries.get(modelDirectory) !== opening) return this.open(modelDirectory, modelId);
      entry.leases++;
      return {
        embedder: entry.embedder,
        async release() {
          if (--entry.leases > 0) return;
          entries.delete(modelDirectory);
          await entry.embedder.close();
        },
      };
    },
  };
}
