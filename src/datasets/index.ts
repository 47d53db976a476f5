import { classFolders } from './class-folders.js';
import type { DatasetReader } from './dataset.js';

/** Every layout that `--dataset` knows. */
export const datasets: readonly DatasetReader[] = [classFolders];
