import { z } from 'zod';
import type { Dataset, DatasetReader } from '../datasets/dataset.js';
import { datasets } from '../datasets/index.js';
import { selectClasses } from '../datasets/select-classes.js';
import { everySplit, selectSplits, splitsOf } from '../datasets/select-split.js';
import { MedoidError } from '../errors.js';
import { nameList } from './command.js';

/** Layouts by name. */
export const layoutNames = datasets.map(({ name }) => name) as [string, ...string[]];

/** @throws MedoidError `invalid-option` */
export function findReader(layout: string): DatasetReader {
  const reader = datasets.find(({ name }) => name === layout);
  if (reader === undefined) throw new MedoidError('invalid-option', `no data set layout ${layout}`);
  return reader;
}

/** How a command is told which labelled images it is about. */
export const datasetOptions = {
  data: z.string().min(1).describe('folder of the data set; for csv the file'),
  dataset: z.enum(layoutNames).default('class-folders').describe('layout of the folder'),
  classes: z.string().default('all').describe('all, first:N, last:N, or a file with one class name a line'),
  excludeClasses: nameList.default([]).describe('names of classes that do not count, comma-separated'),
};

const name = '[^:]+';

/** @param unlessGiven what is taken then, in words */
export const splitOption = (unlessGiven: string) =>
  z
    .string()
    .regex(new RegExp(`^${name}$`), 'expected the name of one split')
    .optional()
    .describe(`part of the data set: the name of a split, or all (default: ${unlessGiven})`);

/** @param unlessGiven what is taken then, in words */
export const splitPairOption = (unlessGiven: string) =>
  z
    .string()
    .regex(
      new RegExp(`^${name}(:${name})?$`),
      'expected the name of a split or of two, such as query:gallery',
    )
    .optional()
    .describe(
      `part of the data set: a split, all, or two as queries:gallery to search one for the other (default: ${unlessGiven})`,
    );

export interface OpenedDataset {
  /** The classes that were asked for, of every split in `split`. */
  readonly dataset: Dataset;
  /** A name, or two joined by a colon. */
  readonly split: string;
}

/**
 * @param preferred values of `--split` in case it is not given: the first whose splits are there, else everything
 * @throws MedoidError naming what is missing or wrong
 */
export async function openDataset(
  input: {
    readonly data: string;
    readonly dataset: string;
    readonly split?: string | undefined;
    readonly classes: string;
    readonly excludeClasses: readonly string[];
  },
  preferred: readonly string[],
): Promise<OpenedDataset> {
  const whole = await findReader(input.dataset).read(input.data);
  const there = splitsOf(whole);
  const isThere = (split: string): boolean => split.split(':').every(name => there.includes(name));
  const split = input.split ?? preferred.find(isThere) ?? everySplit;
  // What is excluded may be of any split; what is chosen is counted within the one asked for.
  const left = await selectClasses(whole, { selection: 'all', excluded: input.excludeClasses });
  const part = selectSplits(left, split.split(':'));
  return { dataset: await selectClasses(part, { selection: input.classes, excluded: [] }), split };
}
