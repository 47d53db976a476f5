import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Collection } from '../../../src/gallery/collection.js';
import { Gallery } from '../../../src/gallery/gallery.js';
import type { NewItem } from '../../../src/gallery/item.js';
import { measureAgreement } from '../../../src/math/agreement.js';
import { createRandom } from '../../../src/math/random.js';
import { askDatabase, damageDatabase } from '../../fixtures/examine.js';
import { createEmptyGallery, createFamilies, type EmptyGallery } from '../../fixtures/families.js';
import { followJob } from '../../fixtures/jobs.js';
import { createTinyModel } from '../../fixtures/tiny-model.js';

const all = { after: 0, limit: 200 };
const facilityCost = 0.3;

describe('items that join clusters as they come', () => {
  let empty: EmptyGallery;
  let collection: Collection;
  let items: NewItem[];
  beforeEach(async () => {
    empty = await createEmptyGallery();
    collection = await empty.gallery.collection('default');
    items = await createFamilies();
  });
  afterEach(() => empty.remove());

  const begin = (settings = {}) =>
    collection.clusters.configure({ facilityCost, consolidateAfter: 1_000_000, ...settings });
  const consolidate = async () => {
    const { id } = empty.gallery.jobs.start('consolidate-clusters', 'default', {});
    const { job } = await followJob(empty.gallery.jobs, id);
    expect(job).toMatchObject({ state: 'done', error: null });
    return job.result as { clusters: number; moved: number; placed: number; cost: Record<string, number> };
  };
  const add = (entries: readonly NewItem[], name = collection) => name.add(entries);
  const addOneByOne = async (entries: readonly NewItem[]): Promise<void> => {
    for (const entry of entries) await collection.add([entry]);
  };
  /** The cluster of each item, by key. */
  const clustersByKey = async (): Promise<Map<string, number>> => {
    const { clusters } = await collection.clusters.list({ ...all, order: 'id' });
    const found = new Map<string, number>();
    for (const { id } of clusters) {
      const { members } = await collection.clusters.listMembers(id, all);
      for (const { item } of members) found.set(item.key, id);
    }
    return found;
  };
  const itemIdOf = (key: string): number =>
    collection.listItems({ limit: 200 }).items.find(item => item.key === key)?.id as number;
  const shuffled = (entries: readonly NewItem[], seed: string): NewItem[] =>
    createRandom(seed).shuffle([...entries]);
  const agreement = (a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number => {
    const keys = [...a.keys()];
    return measureAgreement(
      keys.map(key => a.get(key) as number),
      keys.map(key => b.get(key) as number),
    ).ari;
  };

  it('join none until it is begun', async () => {
    const [outcome] = await add(items.slice(0, 1));
    expect(outcome).not.toHaveProperty('clusterId');
    expect(() => collection.clusters.summary()).toThrow(/join no clusters/);
    await expect(collection.clusters.list({ ...all, order: 'id' })).rejects.toMatchObject({
      code: 'not-found',
    });
  });

  it('are each in one cluster, near to one that stands for it, and told which', async () => {
    await begin();
    const outcomes = await add(items);
    expect(collection.clusters.summary()).toMatchObject({ items: 40, unplaced: 0, changes: 40 });
    const clusters = await clustersByKey();
    expect(clusters.size).toBe(40);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'added', clusterId: clusters.get(outcome.key) });
    }
    expect(await collection.clusters.findOfItem(itemIdOf('0-0.png'))).toMatchObject({
      state: 'open',
      label: 'family-0',
    });
  });

  it('join as they did before when they come in the same order, and otherwise with another seed', async () => {
    await begin();
    await addOneByOne(items);
    const first = await clustersByKey();
    const repeat = async (seed: number) => {
      await collection.clusters.forget();
      await collection.removeByKeys(items.map(({ key }) => key));
      await begin({ seed });
      await addOneByOne(items);
      return clustersByKey();
    };
    expect(agreement(first, await repeat(0))).toBe(1);
    const others = [await repeat(1), await repeat(2), await repeat(3)];
    expect(others.some(other => agreement(first, other) < 1)).toBe(true);
  });

  it('change nothing when they come a second time, in whatever order', async () => {
    await begin();
    await add(items);
    await consolidate();
    const history = async () => {
      const { clusters } = await collection.clusters.list({ ...all, order: 'id' });
      return Promise.all(clusters.map(async one => [one, await collection.clusters.listEvents(one.id, all)]));
    };
    const before = [await history(), await clustersByKey(), collection.clusters.summary()];
    const outcomes = await add(shuffled(items, 'again'));
    expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['unchanged']));
    expect([await history(), await clustersByKey(), collection.clusters.summary()]).toEqual(before);
  });

  it('land with their originals when they come under other keys, and every id goes on answering', async () => {
    await begin();
    await addOneByOne(shuffled(items, 'first'));
    await consolidate();
    const before = await clustersByKey();
    const copies = shuffled(items, 'second').map(item => ({ ...item, key: `copy of ${item.key}` }));
    await add(copies);
    const after = await clustersByKey();
    for (const { key } of items) {
      expect(after.get(key)).toBe(before.get(key));
      expect(after.get(`copy of ${key}`)).toBe(before.get(key));
    }
    await consolidate();
    for (const id of new Set(before.values())) {
      const { cluster } = await collection.clusters.listMembers(id, all);
      expect(cluster.state).toBe('open');
    }
  });

  it('end in nearly the same clusters in whatever order they came, once consolidated', async () => {
    await begin();
    await addOneByOne(shuffled(items, 'one order'));
    await consolidate();
    const one = await clustersByKey();
    await collection.clusters.forget();
    await collection.removeByKeys(items.map(({ key }) => key));
    await begin();
    await addOneByOne(shuffled(items, 'another order'));
    await consolidate();
    expect(agreement(one, await clustersByKey())).toBe(1);
  });

  it('are consolidated to what they are, the ids of most kept', async () => {
    await begin();
    await addOneByOne(items);
    const before = collection.clusters.summary().clusters;
    const { clusters, cost } = await consolidate();
    expect(cost.after).toBeLessThanOrEqual(cost.before);
    expect(clusters).toBe(5);
    expect(before).toBeGreaterThanOrEqual(5);
    const { clusters: found } = await collection.clusters.list({ ...all, order: 'id' });
    expect(found.map(({ purity, size }) => [purity, size])).toEqual(Array.from({ length: 5 }, () => [1, 8]));
    expect(await consolidate()).toMatchObject({ moved: 0, merged: 0, split: 0, medoids: 0 });
  });

  it('join later where they were there before it began, by a job', async () => {
    await add(items);
    await begin();
    expect(collection.clusters.summary()).toMatchObject({ items: 0, unplaced: 40 });
    expect(await consolidate()).toMatchObject({ placed: 40, clusters: 5 });
    expect(collection.clusters.summary()).toMatchObject({ items: 40, unplaced: 0, changes: 0 });
  });

  it('are consolidated by themselves when enough have come', async () => {
    await begin({ consolidateAfter: 30 });
    await addOneByOne(items.slice(0, 29));
    expect(empty.gallery.jobs.list({ limit: 10 }).jobs).toEqual([]);
    await add(items.slice(29));
    const { jobs } = empty.gallery.jobs.list({ limit: 10 });
    expect(jobs.map(({ kind }) => kind)).toEqual(['consolidate-clusters']);
    await followJob(empty.gallery.jobs, jobs[0].id);
    expect(collection.clusters.summary()).toMatchObject({ changes: 0, clusters: 5 });
    expect(collection.clusters.summary().consolidatedAt).not.toBeNull();
  });

  it('leave with what they stood for in the hands of the nearest', async () => {
    await begin();
    await add(items);
    await consolidate();
    const before = await clustersByKey();
    const { clusters } = await collection.clusters.list({ ...all, order: 'id' });
    for (const { medoid } of clusters) await collection.removeItems([medoid as number]);
    const after = await clustersByKey();
    expect(after.size).toBe(35);
    for (const [key, id] of after) expect(before.get(key)).toBe(id);
    for (const { id, medoid } of (await collection.clusters.list({ ...all, order: 'id' })).clusters) {
      const { members } = await collection.clusters.listMembers(id, all);
      expect(members[0].item.id).toBe(medoid);
    }
    const { events } = await collection.clusters.listEvents(clusters[0].id, all);
    expect(events.slice(-2).map(({ kind }) => kind)).toEqual(['left', 'medoid']);
  });

  it('leave a cluster that says that it is empty when they were its last', async () => {
    await begin();
    await add(items.slice(0, 8));
    const [id] = (await clustersByKey()).values();
    await collection.removeByKeys(items.slice(0, 8).map(({ key }) => key));
    const { cluster, members } = await collection.clusters.listMembers(id, all);
    expect([cluster.state, cluster.medoid, cluster.meanDistance, members]).toEqual([
      'emptied',
      null,
      null,
      [],
    ]);
    expect(collection.clusters.summary()).toMatchObject({ clusters: 0, items: 0 });
  });

  it('join anew when they get another picture', async () => {
    await begin();
    await add(items);
    await consolidate();
    const id = (await clustersByKey()).get('1-3.png');
    const [outcome] = await add([{ ...items[0], image: items[11].image }]);
    expect(outcome).toMatchObject({ status: 'replaced', clusterId: id });
    expect((await clustersByKey()).size).toBe(40);
  });

  it('of other collections are left alone by who names their ids', async () => {
    const other = await empty.gallery.createCollection('other', empty.modelDirectory);
    await begin();
    await add(items.slice(0, 8));
    const before = await clustersByKey();
    await other.clusters.configure({});
    const { removed } = await other.removeItems([itemIdOf('0-0.png')]);
    expect([removed, await clustersByKey()]).toEqual([0, before]);
  });

  it('are where they were when the gallery is opened again', async () => {
    await begin();
    await add(items);
    const before = await clustersByKey();
    collection = await (await empty.reopen()).collection('default');
    expect(await clustersByKey()).toEqual(before);
    const copies = items.slice(0, 10).map(item => ({ ...item, key: `copy ${item.key}` }));
    await add(copies);
    for (const { key } of items.slice(0, 10)) {
      expect((await clustersByKey()).get(`copy ${key}`)).toBe(before.get(key));
    }
  });

  it('keep the ids of their clusters when another model answers, and are consolidated by what it sees', async () => {
    await createTinyModel(join(empty.directory, '..', 'others', 'wide'), {
      name: 'wide',
      dimension: 24,
      seed: 1,
    });
    const gallery = await empty.reopen({ modelsDirectory: join(empty.directory, '..', 'others') });
    collection = await gallery.collection('default');
    await begin();
    await add(items);
    await consolidate();
    const before = await clustersByKey();
    const [{ id: modelId }] = (await gallery.listModels()).filter(({ name }) => name === 'wide');
    const { id } = gallery.jobs.start('activate-model', 'default', { modelId });
    await followJob(gallery.jobs, id);
    const { jobs } = gallery.jobs.list({ limit: 10, afterId: id });
    expect(jobs.map(({ kind }) => kind)).toEqual(['consolidate-clusters']);
    expect((await followJob(gallery.jobs, jobs[0].id)).job.state).toBe('done');
    expect(collection.modelId).toBe(modelId);
    expect(await clustersByKey()).toEqual(before);
    // Those that come are placed by the new one.
    const copies = items.slice(0, 3).map(item => ({ ...item, key: `copy ${item.key}` }));
    for (const outcome of await add(copies)) {
      expect(outcome).toMatchObject({ clusterId: before.get(outcome.key.replace('copy ', '')) });
    }
  });

  it('are consolidated once, however often a job that has done it is run again', async () => {
    await begin();
    await add(items);
    await consolidate();
    const { consolidatedAt } = collection.clusters.summary();
    const before = await clustersByKey();
    await empty.gallery.close();
    // As a process leaves it that is killed after the clusters were written and before the job's end was.
    const path = join(empty.directory, 'catalog.sqlite');
    const result = askDatabase(path, 'SELECT result FROM jobs');
    damageDatabase(
      path,
      `UPDATE jobs SET state = 'running', result = NULL, input = '{}', finished_at = NULL,
         checkpoint = '{"placed":0,"result":${result}}'`,
    );
    collection = await (await empty.reopen()).collection('default');
    const { job } = await followJob(empty.gallery.jobs, 1);
    expect([job.state, job.result]).toEqual(['done', JSON.parse(String(result))]);
    expect(collection.clusters.summary().consolidatedAt).toBe(consolidatedAt);
    expect(await clustersByKey()).toEqual(before);
  });

  it('are read beside a process that writes, as it writes', async () => {
    await begin();
    await add(items.slice(0, 20));
    const reader = await Gallery.open(empty.directory, { access: 'read', threads: 1 });
    try {
      const { clusters } = await reader.collection('default');
      expect(clusters.summary()).toMatchObject({ items: 20 });
      await add(items.slice(20));
      expect(clusters.summary()).toMatchObject({ items: 40 });
      const page = await clusters.list({ ...all, order: 'size' });
      expect(page).toEqual(await collection.clusters.list({ ...all, order: 'size' }));
      await expect(clusters.update(page.clusters[0].id, { name: 'a' })).rejects.toMatchObject({
        code: 'read-only',
      });
    } finally {
      await reader.close();
    }
  });

  it('have their cost measured where none is given', async () => {
    await begin({ facilityCost: 'auto' });
    expect(collection.clusters.summary()).toMatchObject({ facilityCost: 'auto', currentCost: 0.5 });
    await add(items);
    expect(await consolidate()).toMatchObject({ clusters: 5 });
    expect(collection.clusters.summary().currentCost).not.toBe(0.5);
  });

  it('go when they are forgotten, and no id ever comes back', async () => {
    await begin();
    await add(items);
    const ids = [...(await clustersByKey()).values()];
    await collection.clusters.forget();
    await expect(collection.clusters.forget()).rejects.toMatchObject({ code: 'not-found' });
    await begin();
    await consolidate();
    expect(Math.min(...(await clustersByKey()).values())).toBeGreaterThan(Math.max(...ids));
  });
});
