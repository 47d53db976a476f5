import { stat } from 'node:fs/promises';
import pLimit from 'p-limit';
import type { Dataset, DatasetReader, SplitCounts } from './dataset.js';
import { everySplit, selectSplits, splitsOf } from './select-split.js';

const lookedAtOnce = 32;

export interface VerifiedSplit extends SplitCounts {
  readonly split: string;
  /** Null where nothing is published. */
  readonly published: SplitCounts | null;
  readonly agrees: boolean;
}

export interface Verification {
  /** One by one; one named `all` where the layout has no splits. */
  readonly splits: readonly VerifiedSplit[];
  /** Paths of images that are listed and are no files. */
  readonly missing: readonly string[];
  /** Whether every count is the published one and every image is there. */
  readonly agrees: boolean;
}

function countSplit(dataset: Dataset, split: string, published: SplitCounts | null): VerifiedSplit {
  const { classes, examples } = selectSplits(dataset, [split]);
  const counts = { classes: classes.length, images: examples.length };
  const agrees =
    published === null || (published.classes === counts.classes && published.images === counts.images);
  return { split, ...counts, published, agrees };
}

async function listMissing({ examples }: Dataset): Promise<string[]> {
  const limit = pLimit(lookedAtOnce);
  const isThere = async (path: string) => (await stat(path).catch(() => undefined))?.isFile() ?? false;
  const files = examples.filter(({ bytes }) => bytes === undefined);
  const found = await Promise.all(files.map(({ path }) => limit(() => isThere(path))));
  return files.filter((_, i) => !found[i]).map(({ path }) => path);
}

/**
 * Reads a data set and compares it with what is published of it.
 * @throws MedoidError as the reader does when the layout is wrong
 */
export async function verifyDataset(reader: DatasetReader, directory: string): Promise<Verification> {
  const { published = {} } = reader;
  const dataset = await reader.read(directory);
  const there = splitsOf(dataset);
  const names = there.length === 0 ? [everySplit] : there;
  const absent = Object.keys(published).filter(name => !names.includes(name));
  const splits = [
    ...names.map(name => countSplit(dataset, name, published[name] ?? null)),
    ...absent.map(split => ({ split, classes: 0, images: 0, published: published[split], agrees: false })),
  ];
  const missing = await listMissing(dataset);
  return { splits, missing, agrees: missing.length === 0 && splits.every(({ agrees }) => agrees) };
}
