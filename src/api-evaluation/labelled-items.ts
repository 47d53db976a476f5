import type { ItemFilter, MedoidClient } from '../client/medoid-client.js';

/** The items of a collection that have a label, by ascending id, as few numbers: there may be many. */
export interface LabelledItems {
  readonly ids: readonly number[];
  /** Number of each one's label, in the order in which labels come first: [items]. */
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
  const ids: number[] = [];
  const labels: number[] = [];
  const numbers = new Map<string, number>();
  const sizes: number[] = [];
  let searched = 0;
  for await (const { id, label } of client.eachItem(collection, { signal, ...(filter && { filter }) })) {
    if (++searched % 200 === 0) onProgress(searched);
    if (label === null) continue;
    const number = numbers.get(label) ?? numbers.size;
    numbers.set(label, number);
    sizes[number] = (sizes[number] ?? 0) + 1;
    ids.push(id);
    labels.push(number);
  }
  return {
    ids,
    labels: Int32Array.from(labels),
    names: [...numbers.keys()],
    sizes,
    rowOf: new Map(ids.map((id, row) => [id, row])),
    searched,
  };
}
