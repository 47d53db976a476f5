import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Collection } from '../../../src/gallery/collection.js';
import type { ClusterSummary } from '../../../src/gallery/online-clusters/cluster-reader.js';
import { createEmptyGallery, createFamilies, type EmptyGallery } from '../../fixtures/families.js';
import { followJob } from '../../fixtures/jobs.js';

const all = { after: 0, limit: 200 };
const nothing = { moved: 0, merged: 0, split: 0, medoids: 0 };

describe('what is decided of clusters by hand', () => {
  let empty: EmptyGallery;
  let collection: Collection;
  /** One of each family. */
  let families: ClusterSummary[];
  beforeEach(async () => {
    empty = await createEmptyGallery();
    collection = await empty.gallery.collection('default');
    await collection.clusters.configure({ facilityCost: 0.3, consolidateAfter: 1_000_000 });
    await collection.add(await createFamilies({ families: 4, each: 6 }));
    await consolidate();
    families = await list();
    expect(families.map(({ size, purity }) => [size, purity])).toEqual(Array(4).fill([6, 1]));
  });
  afterEach(() => empty.remove());

  const consolidate = async () => {
    const { id } = empty.gallery.jobs.start('consolidate-clusters', 'default', {});
    const { job } = await followJob(empty.gallery.jobs, id);
    expect(job).toMatchObject({ state: 'done', error: null });
    return job.result;
  };
  /** A consolidation after which every cluster would be another, if it might. */
  const consolidateAt = async (facilityCost: number) => {
    await collection.clusters.configure({ facilityCost, consolidateAfter: 1_000_000 });
    return consolidate();
  };
  const list = async (): Promise<ClusterSummary[]> =>
    (await collection.clusters.list({ ...all, order: 'id' })).clusters;
  const itemsOf = async (id: number): Promise<number[]> =>
    (await collection.clusters.listMembers(id, all)).members.map(({ item }) => item.id);
  const get = async (id: number): Promise<ClusterSummary> =>
    (await collection.clusters.listMembers(id, all)).cluster;
  const kindsOf = async (id: number): Promise<string[]> =>
    (await collection.clusters.listEvents(id, all)).events.map(
      ({ kind, byHand }) => `${kind}${byHand ? ' by hand' : ''}`,
    );

  it('a name stays, and with it the cluster, also where it does not pay', async () => {
    const [first, second] = families;
    expect(await collection.clusters.update(second.id, { name: 'chairs' })).toMatchObject({ name: 'chairs' });
    await consolidateAt(1000);
    const left = await list();
    expect(left.map(({ id }) => id)).toContain(second.id);
    expect(await get(second.id)).toMatchObject({ state: 'open', name: 'chairs' });
    // What nobody named has gone, and says where.
    expect(left).toHaveLength(1);
    expect(await get(first.id)).toMatchObject({ state: 'merged', mergedInto: second.id });
    await collection.clusters.update(second.id, { name: null });
    expect(await kindsOf(second.id)).toEqual(expect.arrayContaining(['renamed by hand', 'merged']));
  });

  it('a medoid that is pinned stays the medoid, until it is let go', async () => {
    const [{ id, medoid }] = families;
    const worst = (await itemsOf(id)).at(-1) as number;
    expect(worst).not.toBe(medoid);
    expect(await collection.clusters.update(id, { medoid: worst })).toMatchObject({
      medoid: worst,
      pinned: true,
    });
    await consolidate();
    expect(await get(id)).toMatchObject({ medoid: worst, pinned: true, size: 6 });
    await consolidateAt(1000);
    expect(await get(id)).toMatchObject({ medoid: worst, pinned: true });
    await consolidateAt(0.3);
    expect(await collection.clusters.update(id, { medoid: null })).toMatchObject({
      medoid: worst,
      pinned: false,
    });
    await consolidate();
    expect(await get(id)).toMatchObject({ medoid, pinned: false });
    expect(await kindsOf(id)).toEqual(
      expect.arrayContaining(['pinned by hand', 'unpinned by hand', 'medoid']),
    );
  });

  it('of two medoids that were pinned before a merge, either can be chosen', async () => {
    const [a, b] = families;
    const pins = [(await itemsOf(a.id))[1], (await itemsOf(b.id))[1]];
    await collection.clusters.update(a.id, { medoid: pins[0] });
    await collection.clusters.update(b.id, { medoid: pins[1] });
    await collection.clusters.merge(a.id, [b.id]);
    for (const medoid of [pins[1], pins[0], pins[1]]) {
      expect(await collection.clusters.update(a.id, { medoid })).toMatchObject({ medoid, pinned: true });
    }
  });

  it('items that were merged stay together, also where clusters cost nearly nothing', async () => {
    const [a, b] = families;
    const together = [...(await itemsOf(a.id)), ...(await itemsOf(b.id))].sort((x, y) => x - y);
    expect(await collection.clusters.merge(a.id, [b.id])).toMatchObject({ id: a.id, size: 12 });
    expect(await get(b.id)).toMatchObject({ state: 'merged', mergedInto: a.id, size: 0 });
    await consolidateAt(1e-6);
    expect((await itemsOf(a.id)).sort((x, y) => x - y)).toEqual(together);
    // The others are each by itself by now.
    expect((await list()).length).toBe(1 + 12);
    expect(await kindsOf(a.id)).toContain('merged by hand');
    expect((await kindsOf(b.id)).at(-1)).toBe('merged-away by hand');
  });

  it('a merged cluster goes on attracting what its parts attracted', async () => {
    const [a, b] = families;
    await collection.clusters.merge(a.id, [b.id]);
    // Each joins the nearest.
    await collection.clusters.configure({ facilityCost: 1000, consolidateAfter: 1_000_000 });
    const more = await createFamilies({ families: 2, each: 9 });
    const outcomes = await collection.add(more);
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ clusterId: a.id });
    }
    expect(outcomes.filter(({ status }) => status === 'added')).toHaveLength(6);
  });

  it('a merge is followed to where it ends', async () => {
    const [a, b, c] = families;
    await collection.clusters.merge(b.id, [a.id]);
    await collection.clusters.merge(c.id, [b.id]);
    expect(await get(a.id)).toMatchObject({ state: 'merged', mergedInto: c.id });
  });

  it('items that were split off stay apart, also where clusters are dear', async () => {
    const [{ id }] = families;
    const members = await itemsOf(id);
    const chosen = members.slice(2, 4);
    const made = await collection.clusters.split(id, chosen);
    expect(made).toMatchObject({ state: 'open', size: 2 });
    await consolidateAt(1000);
    // Those that nobody decided of are with one of the two by now.
    expect((await list()).map(cluster => cluster.id).sort()).toEqual([id, made.id].sort());
    expect(await itemsOf(made.id)).toEqual(expect.arrayContaining(chosen));
    expect(await itemsOf(id)).toEqual(expect.arrayContaining(members.filter(item => !chosen.includes(item))));
  });

  it('the machine finds the two halves where nobody says which', async () => {
    const [a, b] = families;
    const [ofA, ofB] = [await itemsOf(a.id), await itemsOf(b.id)];
    await collection.clusters.merge(a.id, [b.id]);
    const made = await collection.clusters.split(a.id, undefined);
    const halves = [await itemsOf(a.id), await itemsOf(made.id)].map(items => items.sort((x, y) => x - y));
    for (const half of [ofA, ofB]) expect(halves).toContainEqual([...half].sort((x, y) => x - y));
  });

  it('the machine leaves the pinned medoid where it is when it finds the halves', async () => {
    const [{ id }, ...others] = families;
    await collection.clusters.merge(
      id,
      others.map(other => other.id),
    );
    for (const { medoid } of families) {
      const pinned = medoid as number;
      await collection.clusters.update(id, { medoid: pinned });
      const made = await collection.clusters.split(id, undefined);
      expect(await get(id)).toMatchObject({ medoid: pinned, pinned: true });
      await collection.clusters.merge(id, [made.id]);
    }
  });

  it('items that were moved stay, and let others stand for the cluster that they leave', async () => {
    const [a, b] = families;
    const moved = a.medoid as number;
    expect(await collection.clusters.moveItems(b.id, [moved])).toMatchObject({ id: b.id, size: 7 });
    const after = await get(a.id);
    expect(after).toMatchObject({ state: 'open', size: 5 });
    expect(after.medoid).not.toBe(moved);
    expect(await consolidate()).toMatchObject({ moved: 0 });
    expect(await itemsOf(b.id)).toContain(moved);
    const { members } = await collection.clusters.listMembers(b.id, all);
    expect(members.filter(({ held }) => held).map(({ item }) => item.id)).toEqual([moved]);
    await collection.clusters.update(b.id, { held: false });
    await consolidate();
    expect(await itemsOf(a.id)).toContain(moved);
  });

  it('all items of a cluster that move leave it empty, and it says so', async () => {
    const [a, b] = families;
    await collection.clusters.moveItems(b.id, await itemsOf(a.id));
    expect(await get(a.id)).toMatchObject({ state: 'emptied', mergedInto: null });
    await expect(collection.clusters.moveItems(a.id, [1])).rejects.toMatchObject({ code: 'conflict' });
  });

  it('leaves nothing to consolidate where nothing else has changed', async () => {
    expect(await consolidate()).toMatchObject(nothing);
    await collection.clusters.merge(families[0].id, [families[1].id]);
    expect(await consolidate()).toMatchObject({ moved: 0, merged: 0, split: 0 });
    expect(await consolidate()).toMatchObject(nothing);
  });
});
