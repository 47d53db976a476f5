import { clusterInputSchema } from '../clustering/clustering-input.js';
import { defineJob } from './job.js';

/** Groups items around medoids. */
export const cluster = defineJob({
  input: clusterInputSchema,
  run: (input, { opened, signal, report }) =>
    opened.collection.clustering.clusterItems({ ...input, signal, onProgress: report }),
});
