import { readFile } from 'node:fs/promises';
import { MedoidError, messageOf } from '../errors.js';
import { createRandom } from '../math/random.js';
import type { Dataset } from './dataset.js';

const keepClasses = ({ examples, classes }: Dataset, isKept: (label: string) => boolean): Dataset => ({
  examples: examples.filter(({ label }) => isKept(label)),
  classes: classes.filter(isKept),
});

function requireKnown(names: readonly string[], { classes }: Dataset, source: string): void {
  const known = new Set(classes);
  const strange = names.find(name => !known.has(name));
  if (strange === undefined) return;
  throw new MedoidError(
    'invalid-option',
    `${source}: there is no class ${JSON.stringify(strange)}; the data set has ${classes.length} classes, ` +
      `the first ${JSON.stringify(classes[0])}`,
    { field: 'classes' },
  );
}

async function readClassList(path: string): Promise<string[]> {
  const text = await readFile(path, 'utf8').catch(error => {
    throw new MedoidError(
      'invalid-option',
      `--classes: expected all, first:N, last:N or a file with a class name a line, got ${JSON.stringify(path)} ` +
        `(${messageOf(error)})`,
      { field: 'classes', cause: error },
    );
  });
  return text
    .split(/\r?\n/)
    .map(line => line.trim())
    .filter(line => line !== '');
}

/**
 * The classes that a run is about.
 * @param selection `all`, `first:N` or `last:N` in code-point order of the names that are left, or the path of a file
 *   with one class name a line
 * @param excluded names that do not count at all, taken away before
 * @throws MedoidError `invalid-option` for a class there is not, or more classes than there are
 */
export async function selectClasses(
  dataset: Dataset,
  { selection, excluded }: { readonly selection: string; readonly excluded: readonly string[] },
): Promise<Dataset> {
  requireKnown(excluded, dataset, '--exclude-classes');
  const without = new Set(excluded);
  const left = keepClasses(dataset, label => !without.has(label));
  if (selection === 'all') return left;
  const counted = /^(first|last):(\d+)$/.exec(selection);
  let names: readonly string[];
  if (counted === null) {
    names = await readClassList(selection);
    requireKnown(names, left, selection);
  } else {
    const count = Number(counted[2]);
    if (count < 1 || count > left.classes.length) {
      throw new MedoidError(
        'invalid-option',
        `--classes: expected 1 to ${left.classes.length} classes, got ${selection}`,
        { field: 'classes' },
      );
    }
    names = counted[1] === 'first' ? left.classes.slice(0, count) : left.classes.slice(-count);
  }
  const wanted = new Set(names);
  return keepClasses(left, label => wanted.has(label));
}

/**
 * Holds classes out, so that validation is of classes never trained on.
 * @param share of the classes that are held out, 0 = none; at least two of them, since one alone retrieves itself
 * @param seed names the draw
 */
export function holdOutClasses(
  dataset: Dataset,
  { share, seed }: { readonly share: number; readonly seed: number },
): { training: Dataset; validation: Dataset } {
  const { classes } = dataset;
  const count = share === 0 ? 0 : Math.max(2, Math.round(classes.length * share));
  if (classes.length - count < 2) {
    throw new MedoidError(
      'invalid-dataset',
      `expected at least ${count + 2} classes to train with ${count} held out, got ${classes.length}; ` +
        'see --validation-share',
    );
  }
  const drawn = createRandom(`${seed}/validation`)
    .shuffle([...classes])
    .slice(0, count);
  const heldOut = new Set(drawn);
  return {
    training: keepClasses(dataset, label => !heldOut.has(label)),
    validation: keepClasses(dataset, label => heldOut.has(label)),
  };
}
