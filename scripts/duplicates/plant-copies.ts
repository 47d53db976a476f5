import { readFile } from 'node:fs/promises';
import type { Collection } from '../../src/gallery/collection.js';
import { openSource } from '../../src/gallery/open-source.js';
import { createRandom } from '../../src/math/random.js';
import { inBatches } from '../../src/work-ahead.js';
import { type CopyKind, copyKinds } from './copy-kinds.js';

/** Where each item comes from, by its id. */
export type Origins = ReadonlyMap<number, { readonly origin: string; readonly kind: string | null }>;

const batchSize = 64;

/**
 * Adds every picture of a folder, and of each kind of copy so many, each of another picture.
 * @returns kind null for what is no copy
 */
export async function plantCopies(
  collection: Collection,
  {
    data,
    copiesOfAKind,
    seed,
  }: { readonly data: string; readonly copiesOfAKind: number; readonly seed: number },
): Promise<Origins> {
  const { images } = await openSource(data, { labelFrom: 'none' });
  const kinds = Object.keys(copyKinds) as CopyKind[];
  const chosen = createRandom(`${seed}/copies`)
    .shuffle([...images])
    .slice(0, copiesOfAKind * kinds.length);
  const wanted = [
    ...images.map(({ path, key }) => ({ path, origin: key, kind: null })),
    ...chosen.map(({ path, key }, i) => ({ path, origin: key, kind: kinds[i % kinds.length] })),
  ];
  const origins = new Map<number, { origin: string; kind: string | null }>();
  for (const batch of inBatches(wanted, batchSize)) {
    const items = batch.map(async ({ path, origin, kind }) => {
      const picture = await readFile(path);
      const image = kind === null ? picture : await copyKinds[kind](picture);
      return { key: kind === null ? origin : `${kind}/${origin}`, image };
    });
    for (const [i, outcome] of (await collection.add(await Promise.all(items))).entries()) {
      if (outcome.status === 'failed') throw new Error(`${outcome.key}: ${outcome.message}`);
      origins.set(outcome.item.id, { origin: batch[i].origin, kind: batch[i].kind });
    }
  }
  return origins;
}
