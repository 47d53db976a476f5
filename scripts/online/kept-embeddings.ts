import { createHash } from 'node:crypto';
import type { Embedder } from '../../src/embed/embedder.js';

/** Put around an embedder: what it has embedded once, in whichever gallery, is not embedded again. */
export function createKeptEmbeddings(): (embedder: Embedder) => Embedder {
  const kept = new Map<string, Float32Array>();
  return embedder => ({
    modelId: embedder.modelId,
    dimension: embedder.dimension,
    decode: (image, options) => embedder.decode(image, options),
    embed: images => embedder.embed(images),
    async embedPixels(pixels, options) {
      const keys = pixels.map(one => createHash('sha256').update(one).digest('hex'));
      const missing = [...new Set(keys)].filter(key => !kept.has(key));
      const made = await embedder.embedPixels(
        missing.map(key => pixels[keys.indexOf(key)]),
        options,
      );
      for (const [i, key] of missing.entries()) kept.set(key, made[i]);
      return keys.map(key => (kept.get(key) as Float32Array).slice());
    },
    close: () => embedder.close(),
  });
}
