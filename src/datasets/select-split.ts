import { MedoidError } from '../errors.js';
import type { Dataset, Example } from './dataset.js';

/** Stands for every image, whatever its split. */
export const everySplit = 'all';

/** Names of the parts of a data set, in the order in which they are met. */
export const splitsOf = ({ examples }: Dataset): readonly string[] => [
  ...new Set(examples.flatMap(({ splits }) => splits ?? [])),
];

export const isInSplit = ({ splits }: Example, name: string): boolean =>
  name === everySplit || (splits?.includes(name) ?? false);

/**
 * The images that are in any of some splits, and their classes.
 * @throws MedoidError `invalid-option` for a split that the data set does not have
 */
export function selectSplits(dataset: Dataset, names: readonly string[]): Dataset {
  const known = [...splitsOf(dataset), everySplit];
  const strange = names.find(name => !known.includes(name));
  if (strange !== undefined) {
    throw new MedoidError(
      'invalid-option',
      `--split: expected ${known.join(', ')}, got ${JSON.stringify(strange)}`,
      { field: 'split' },
    );
  }
  const examples = dataset.examples.filter(example => names.some(name => isInSplit(example, name)));
  return { examples, classes: [...new Set(examples.map(({ label }) => label))] };
}
