import { z } from 'zod';
import type { Dataset } from '../datasets/dataset.js';
import { datasets } from '../datasets/index.js';
import { selectClasses } from '../datasets/select-classes.js';
import { MedoidError } from '../errors.js';
import { nameList } from './command.js';

/** How a command is told which labelled images it is about. */
export const datasetOptions = {
  data: z.string().describe('folder of the data set'),
  dataset: z
    .enum(datasets.map(({ name }) => name) as [string, ...string[]])
    .default('class-folders')
    .describe('layout of the folder'),
  classes: z.string().default('all').describe('all, first:N, last:N, or a file with one class name a line'),
  excludeClasses: nameList.default([]).describe('names of classes that do not count, comma-separated'),
};

/** @throws MedoidError naming what is missing or wrong */
export async function openDataset(input: {
  readonly data: string;
  readonly dataset: string;
  readonly classes: string;
  readonly excludeClasses: readonly string[];
}): Promise<Dataset> {
  const reader = datasets.find(({ name }) => name === input.dataset);
  if (reader === undefined) throw new MedoidError('invalid-option', `no data set layout ${input.dataset}`);
  const dataset = await reader.read(input.data);
  return selectClasses(dataset, { selection: input.classes, excluded: input.excludeClasses });
}
