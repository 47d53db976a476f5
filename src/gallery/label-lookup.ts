import type { EmbeddingSets } from '../catalog/embedding-sets.js';

/** After so many questions it is quicker to have read them all. */
const questionsAtOnce = 500;

/** The label of the item of a vector. */
export type LabelLookup = (vectorId: number) => string | null;

/**
 * Labels are asked for one by one at first, then all at once; these are kept as long as nothing is written.
 * @param stamp changes with every item and vector that is written
 * @returns makes a lookup, to be used within the transaction that it is made in
 */
export function createLabelLookups(
  sets: EmbeddingSets,
  { setId, stamp }: { readonly setId: number; readonly stamp: () => string },
): () => LabelLookup {
  let all: ReadonlyMap<number, string | null> | undefined;
  let taken = '';
  return () => {
    const now = stamp();
    if (now !== taken) all = undefined;
    taken = now;
    let questions = 0;
    return vectorId => {
      if (all === undefined && questions++ < questionsAtOnce) return sets.findLabel(vectorId);
      all ??= new Map(sets.listLabels(setId));
      return all.get(vectorId) ?? null;
    };
  };
}
