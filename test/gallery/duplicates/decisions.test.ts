import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Collection } from '../../../src/gallery/collection.js';
import { duplicateTiers } from '../../../src/gallery/duplicates/duplicate-group.js';
import { separateSettled } from '../../../src/gallery/duplicates/separate-settled.js';
import { SettledPairs } from '../../../src/gallery/duplicates/settled-pairs.js';
import { Gallery } from '../../../src/gallery/gallery.js';
import { createFilledGallery, type FilledGallery } from '../../fixtures/filled-gallery.js';
import { createPicture } from '../../fixtures/images.js';
import { followJob } from '../../fixtures/jobs.js';

const together = (...decisions: readonly (readonly number[])[]) =>
  new SettledPairs(
    decisions.flatMap((ids, decisionId) =>
      ids.map(itemId => ({ itemId, decisionId, verdict: 'not-duplicates' as const })),
    ),
  );

describe('items that were decided of', () => {
  const duplicate = (id: number) => ({ id, tier: 'near' as const, distance: id / 10, hashDistance: null });
  const separate = (settled: SettledPairs, ids: readonly number[]) =>
    separateSettled(1, ids.map(duplicate), settled).map(({ items }) => items.map(({ id }) => id));

  it('are settled with those that were named with them, and with no others', () => {
    const settled = together([1, 2], [2, 3]);
    expect([settled.has(1, 2), settled.has(2, 3), settled.has(1, 3), settled.has(4, 5)]).toEqual([
      ...[true, true, false, false],
    ]);
  });

  it('are told apart of 100,000 copies without comparing each with every other', () => {
    const ids = Array.from({ length: 100_000 }, (_, i) => i + 2);
    const started = performance.now();
    const groups = separate(together([2, 3], [4, 5]), ids);
    expect(groups).toEqual([ids.filter(id => id !== 3 && id !== 5), [3, 5]]);
    // Of all pairs it would take minutes.
    expect(performance.now() - started).toBeLessThan(10_000);
  });

  it('are in no group with each other', () => {
    expect(separate(together(), [2, 3, 4])).toEqual([[2, 3, 4]]);
    expect(separate(together([1, 3]), [2, 3, 4])).toEqual([[2, 4]]);
    expect(separate(together([2, 3]), [2, 3, 4])).toEqual([[2, 4], [3]]);
    expect(separate(together([2, 3, 4]), [2, 3, 4])).toEqual([[2], [3], [4]]);
    expect(separate(together([1, 2, 3, 4]), [2, 3, 4])).toEqual([]);
    expect(separate(together([2, 3], [3, 4]), [2, 3, 4])).toEqual([[2, 4], [3]]);
  });
});

describe('a decision', () => {
  let filled: FilledGallery;
  let gallery: Gallery;
  let collection: Collection;

  const open = async (): Promise<void> => {
    gallery = await Gallery.open(filled.directory, { access: 'write', threads: 1, runJobs: true });
    collection = await gallery.collection('default');
  };
  const add = async (key: string, seed: string): Promise<number> => {
    const [outcome] = await collection.add([{ key, image: await createPicture(seed) }]);
    if (outcome.status === 'failed') throw new Error(outcome.message);
    return outcome.item.id;
  };
  /** Ids, those of what stands for a group first. */
  const find = async (): Promise<number[][]> => {
    const { groups } = await collection.findDuplicates({
      tiers: duplicateTiers,
      signal: new AbortController().signal,
      onProgress: () => undefined,
    });
    return groups.map(({ representative, items }) => [representative, ...items.map(({ id }) => id)]);
  };
  const findByJob = async (): Promise<number[][]> => {
    const { id } = gallery.jobs.start('dedupe', 'default', {});
    expect((await followJob(gallery.jobs, id)).job.state).toBe('done');
    const { groups } = await collection.duplicates.listFound({ limit: 100 });
    return groups.map(({ representative, items }) => [
      representative.id,
      ...items.map(({ item }) => item.id),
    ]);
  };

  beforeEach(async () => {
    filled = await createFilledGallery({ count: 0 });
    await open();
  });
  afterEach(async () => {
    await gallery.close();
    await filled.remove();
  });

  it.each(['keep', 'not-duplicates'] as const)(
    '%s is not asked for again, after a restart and by a job too',
    async verdict => {
      const ids = [await add('a', 'one'), await add('b', 'one')];
      expect(await find()).toEqual([ids]);
      expect(await findByJob()).toEqual([ids]);
      await collection.duplicates.decide({ verdict, itemIds: ids });
      expect((await collection.duplicates.listFound({ limit: 9 })).groups).toEqual([]);
      expect(await find()).toEqual([]);
      await gallery.close();
      await open();
      expect(await find()).toEqual([]);
      expect(await findByJob()).toEqual([]);
    },
  );

  it('leaves the others of a group to be asked of, and a copy that comes later', async () => {
    const [a, b, c] = [await add('a', 'one'), await add('b', 'one'), await add('c', 'one')];
    await collection.duplicates.decide({ verdict: 'not-duplicates', itemIds: [a, b] });
    expect(await find()).toEqual([[a, c]]);
    await collection.duplicates.decide({ verdict: 'keep', itemIds: [a, c] });
    expect(await find()).toEqual([[b, c]]);
    await collection.duplicates.decide({ verdict: 'keep', itemIds: [b, c] });
    expect(await find()).toEqual([]);
    const d = await add('d', 'one');
    expect(await find()).toEqual([[a, d]]);
  });

  it('is of two to a thousand items', async () => {
    const id = await add('one', 'one');
    for (const itemIds of [[id, id], Array.from({ length: 1001 }, (_, i) => i + 1)]) {
      await expect(collection.duplicates.decide({ verdict: 'keep', itemIds })).rejects.toMatchObject({
        code: 'invalid-request',
      });
    }
    expect(collection.duplicates.listDecisions({ limit: 1 }).decisions).toEqual([]);
  });

  it('does not hold for an item that has got another picture', async () => {
    const [a, b] = [await add('a', 'one'), await add('b', 'one')];
    await add('other', 'two');
    const { id } = await collection.duplicates.decide({ verdict: 'keep', itemIds: [a, b] });
    await add('b', 'two');
    expect(await find()).toEqual([[b, 3]]);
    expect(collection.duplicates.listDecisions({ limit: 9 })).toMatchObject({
      decisions: [{ id, itemIds: [a, b], replacedItemIds: [b] }],
      next: null,
    });
    await add('a', 'two');
    expect(await find()).toEqual([[a, b, 3]]);
  });

  it('goes with its items, and with whoever forgets it', async () => {
    const ids = [await add('a', 'one'), await add('b', 'one'), await add('c', 'one')];
    const { id } = await collection.duplicates.decide({ verdict: 'keep', itemIds: ids });
    await collection.removeItems([ids[1]]);
    expect(collection.duplicates.listDecisions({ limit: 9 }).decisions).toMatchObject([
      { itemIds: [ids[0], ids[2]] },
    ]);
    await collection.duplicates.forgetDecision(id);
    expect(await find()).toEqual([[ids[0], ids[2]]]);
    await collection.duplicates.decide({ verdict: 'keep', itemIds: [ids[0], ids[2]] });
    await collection.removeItems([ids[0]]);
    expect(collection.duplicates.listDecisions({ limit: 9 }).decisions).toEqual([]);
    await expect(collection.duplicates.forgetDecision(id)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('does not let what was found before be told as it was: removed, replaced, decided', async () => {
    const [a, b, c, d] = [
      await add('a', 'one'),
      await add('b', 'one'),
      await add('c', 'one'),
      await add('d', 'one'),
    ];
    const listed = async () => {
      const { groups } = await collection.duplicates.listFound({ limit: 9 });
      return groups.map(({ representative, items }) => [
        representative.id,
        ...items.map(({ item }) => item.id),
      ]);
    };
    expect(await findByJob()).toEqual([[a, b, c, d]]);
    await collection.removeItems([b]);
    expect(await listed()).toEqual([[a, c, d]]);
    await add('c', 'two');
    expect(await listed()).toEqual([[a, d]]);
    await add('c', 'one');
    await collection.duplicates.decide({ verdict: 'keep', itemIds: [c, d] });
    expect(await listed()).toEqual([
      [a, c],
      [a, d],
    ]);
    await collection.removeItems([a]);
    expect(await listed()).toEqual([]);
  });
});
