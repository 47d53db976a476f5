import { createHash } from 'node:crypto';
import type { Example } from './dataset.js';

/** An example and the SHA-256 of its image's bytes. */
export interface HashedExample {
  readonly example: Example;
  readonly hash: string;
}

export interface OrderedExamples<T extends HashedExample> {
  readonly ordered: readonly T[];
  /** Class number of each: [examples]. */
  readonly labels: Int32Array;
  /** By class number. */
  readonly classNames: readonly string[];
  /** SHA-256 over the sorted (label, image hash) pairs. */
  readonly sha256: string;
}

const identityOf = ({ example, hash }: HashedExample): string => JSON.stringify([example.label, hash]);

/** In the order of what they are, not of their names: renaming a file changes neither the hash nor the training. */
export function orderExamples<T extends HashedExample>(unordered: readonly T[]): OrderedExamples<T> {
  const identified = unordered.map(entry => ({ entry, identity: identityOf(entry) }));
  identified.sort((a, b) => (a.identity < b.identity ? -1 : a.identity > b.identity ? 1 : 0));
  const numbers = new Map<string, number>();
  const labels = Int32Array.from(identified, ({ entry: { example } }) => {
    const number = numbers.get(example.label) ?? numbers.size;
    numbers.set(example.label, number);
    return number;
  });
  const sha256 = createHash('sha256')
    .update(identified.map(({ identity }) => identity).join('\n'))
    .digest('hex');
  return { ordered: identified.map(({ entry }) => entry), labels, classNames: [...numbers.keys()], sha256 };
}
