import { z } from 'zod';
import { kMeans } from '../../cluster/k-means.js';
import { evaluateEmbeddings } from '../../evaluation/evaluate-embeddings.js';
import type { IndexQuality } from '../../evaluation/evaluate-through-index.js';
import { HnswIndex } from '../../vector-index/hnsw.js';
import { readLabelled } from '../read-embeddings.js';
import { defineJob } from './job.js';

export const evaluateInputSchema = z.strictObject({
  ks: z
    .array(z.int().min(1).max(1000))
    .min(1)
    .max(16)
    .default([1, 2, 4, 8])
    .describe('values of K of Recall@K'),
  seed: z.int().default(0).describe('of the clustering'),
  clusters: z.int().min(1).max(10_000).optional().describe('as many as there are labels unless given'),
});

/**
 * The paper's evaluation of the labelled items: each asks for all others, exactly and through a graph; and a k-means
 * clustering of them is compared with their labels.
 */
export const evaluate = defineJob({
  input: evaluateInputSchema,
  async run({ ks, seed, clusters }, { opened, catalog, signal, report }) {
    const { set } = opened.space.current;
    const { block, labels } = await readLabelled({ catalog, set }, signal);
    report({ done: 0, total: block.count });
    const { index, ...exact } = await evaluateEmbeddings(block, labels, {
      ks,
      seed,
      signal,
      clusterer: (points, options) => kMeans(points, { ...options, clusters: clusters ?? options.clusters }),
      index: { name: 'hnsw', create: dimension => new HnswIndex(dimension) },
    });
    report({ done: block.count, total: block.count });
    // How long it took is not the same twice.
    const { buildSeconds: _, queriesPerSecond: __, ...quality } = index as IndexQuality;
    return { modelId: set.modelId, items: block.count, ...exact, index: quality };
  },
});
