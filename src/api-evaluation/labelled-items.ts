import type { ItemFilter, MedoidClient } from '../client/medoid-client.js';
import { inCodePointOrder } from '../in-code-point-order.js';

/**
 * The items of a collection that have a label, as few numbers: there may be many. Class after class in code-point order,
 * within one by ascending id: sums, ties and clusters go by that order.
 */
export interface LabelledItems {
  readonly ids: readonly number[];
  /** Number of each one's label, ascending: [items]. */
  readonly labels: Int32Array;
  /** By number. */
  readonly names: readonly string[];
  /** How many have each label, by number. */
  readonly sizes: readonly number[];
  readonly rowOf: ReadonlyMap<number, number>;
  /** Items that the filter holds for, those without a label among them. */
  readonly searched: number;
}

interface ListOptions {
  readonly filter?: ItemFilter | undefined;
  readonly signal: AbortSignal;
  readonly onProgress: (done: number) => void;
}

/** Reads page after page what there is to be measured on. */
export async function listLabelled(
  client: MedoidClient,
  collection: string,
  { filter, signal, onProgress }: ListOptions,
): Promise<LabelledItems> {
  const idsOf = new Map<string, number[]>();
  let searched = 0;
  for await (const { id, label } of client.eachItem(collection, { signal, ...(filter && { filter }) })) {
    if (++searched % 200 === 0) onProgress(searched);
    if (label === null) continue;
    const ids = idsOf.get(label) ?? [];
    if (ids.length === 0) idsOf.set(label, ids);
    ids.push(id);
  }
  const classes = [...idsOf].sort(([a], [b]) => inCodePointOrder(a, b));
  const ids = classes.flatMap(([, own]) => own);
  return {
    ids,
    labels: Int32Array.from(classes.flatMap(([, own], number) => own.map(() => number))),
    names: classes.map(([name]) => name),
    sizes: classes.map(([, own]) => own.length),
    rowOf: new Map(ids.map((id, row) => [id, row])),
    searched,
  };
}
