import { z } from 'zod';
import { nameList, numeric } from './command.js';

/** Shared by the commands that measure how well something retrieves. */
export const neighbourCountsOption = nameList
  .pipe(z.array(z.coerce.number<string>('expected whole numbers, comma-separated').int().min(1)).min(1))
  .default([1, 2, 4, 8])
  .describe('values of K of Recall@K and Precision@K, comma-separated');

export const worstOption = numeric(z.number().int().min(0).max(1000))
  .default(10)
  .describe('how many of the classes that are found worst are listed');
