import type { EmbeddingSets } from '../catalog/embedding-sets.js';

/** After so many questions it is quicker to have read them all. */
const questionsAtOnce = 500;

/** The label of the item of a vector, within one transaction: asked one by one at first, then all at once. */
export function createLabelLookup(sets: EmbeddingSets, setId: number): (vectorId: number) => string | null {
  let questions = 0;
  let all: Map<number, string | null> | undefined;
  return vectorId => {
    if (questions < questionsAtOnce) {
      questions++;
      return sets.findLabel(vectorId);
    }
    all ??= new Map(sets.listEmbedded(setId).map(({ vectorId: id, label }) => [id, label]));
    return all.get(vectorId) ?? null;
  };
}
