import { z } from 'zod';
import type { SplitCounts } from '../datasets/dataset.js';
import { type Verification, type VerifiedSplit, verifyDataset } from '../datasets/verify-dataset.js';
import { type CommandResult, defineCommand } from './command.js';
import { findReader, layoutNames } from './dataset-options.js';

const shownMissing = 20;

const show = ({ classes, images }: SplitCounts): string =>
  `${classes.toLocaleString('en')} classes, ${images.toLocaleString('en')} images`;

function compare({ published, agrees }: VerifiedSplit): string {
  if (published === null) return 'nothing published to compare with';
  return agrees ? 'as published' : `published: ${show(published)}`;
}

function describe({ splits, missing }: Verification): string {
  const lines = splits.map(split => `${split.split}: ${show(split)}; ${compare(split)}`);
  lines.push(...missing.slice(0, shownMissing).map(path => `listed, but not there: ${path}`));
  if (missing.length > shownMissing) lines.push(`and ${missing.length - shownMissing} more`);
  return lines.join('\n');
}

export const datasetsVerify = defineCommand({
  name: 'datasets verify',
  summary: 'Count the classes and images of a data set, compare with what is published, look for each image.',
  arguments: z.strictObject({
    name: z.enum(layoutNames).describe(`layout: ${layoutNames.join(', ')}`),
    directory: z.string().describe('folder of the data set; for csv the file'),
  }),
  options: z.strictObject({}),
  async run({ name, directory }): Promise<CommandResult> {
    const verification = await verifyDataset(findReader(name), directory);
    return {
      json: { dataset: name, ...verification },
      text: describe(verification),
      exitCode: verification.agrees ? 0 : 1,
    };
  },
});
