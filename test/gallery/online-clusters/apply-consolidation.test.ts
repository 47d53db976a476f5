import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { consolidateFacilities } from '../../../src/cluster/consolidate-facilities.js';
import { applyConsolidation } from '../../../src/gallery/online-clusters/apply-consolidation.js';
import { takeClusterSnapshot } from '../../../src/gallery/online-clusters/cluster-snapshot.js';
import { atDistance as at, type CircleCatalog, createCircleCatalog } from '../../fixtures/circle-catalog.js';

const { signal } = new AbortController();

describe('what a consolidation found', () => {
  let circle: CircleCatalog;
  /** Items by their keys. */
  let items: Map<string, { itemId: number; clusterId: number }>;

  beforeEach(async () => {
    circle = await createCircleCatalog();
    // Each in a cluster by itself: two clumps.
    circle.begin(1e-6);
    items = new Map(
      [0, 0.01, 0.02, 1.5, 1.51, 1.52].map(distance => [
        `${distance}`,
        circle.place(`${distance}`, at(distance)),
      ]),
    );
    circle.begin(0.2);
  });
  afterEach(() => circle.remove());

  const item = (key: string) => items.get(key) as { itemId: number; clusterId: number };
  const clusterOf = (itemId: number) => circle.catalog.clusterings.members.find(itemId)?.clusterId;
  const search = async () => {
    const snapshot = await takeClusterSnapshot(circle, signal);
    if (snapshot === undefined) throw new Error('expected clusters');
    const { embeddings, facilities: start, assignment, groups } = snapshot;
    const options = { groups, facilityCost: 0.2 };
    return {
      snapshot,
      found: await consolidateFacilities(embeddings.block, { start, assignment }, options),
    };
  };
  type Found = Awaited<ReturnType<typeof search>>;
  const apply = ({ snapshot, found }: Found) => {
    const applied = circle.online.transaction(() => applyConsolidation(circle.catalog, snapshot, found));
    circle.online.forget();
    return applied;
  };
  const medoids = () =>
    circle.catalog.clusterings.members
      .listFacilities(1)
      .map(({ itemId }) => itemId)
      .sort((a, b) => a - b);

  it('is written where nothing has changed: one medoid a clump, in the middle, for the oldest cluster', async () => {
    expect(apply(await search())).toEqual({ moved: 4, merged: 4, split: 0, medoids: 2 });
    expect(medoids()).toEqual([item('0.01').itemId, item('1.51').itemId]);
    expect(clusterOf(item('0.01').itemId)).toBe(item('0').clusterId);
    expect(circle.catalog.clusterings.followMerges(1, item('0.01').clusterId)).toBe(item('0').clusterId);
    expect(apply(await search())).toEqual({ moved: 0, merged: 0, split: 0, medoids: 0 });
  });

  it('leaves room for what came meanwhile: those that joined go to the nearest, those that opened stay', async () => {
    const before = await search();
    circle.begin(1000);
    const joined = circle.place('joined', at(0.03));
    circle.begin(1e-6);
    const opened = circle.place('opened', at(0.8));
    expect(joined.clusterId).toBe(item('0.02').clusterId);
    expect(apply(before)).toMatchObject({ merged: 4 });
    expect(medoids()).toEqual([item('0.01').itemId, item('1.51').itemId, opened.itemId]);
    // Of the three clusters that are one now, that one had two items.
    expect(clusterOf(joined.itemId)).toBe(item('0.02').clusterId);
    expect(clusterOf(item('0').itemId)).toBe(item('0.02').clusterId);
    expect(clusterOf(opened.itemId)).toBe(opened.clusterId);
    expect(circle.catalog.clusterings.members.countOfCollection(circle.collectionId)).toBe(8);
  });

  it('leaves out what went meanwhile', async () => {
    const before = await search();
    const { itemId } = item('1.52');
    circle.online.takeOut([itemId], circle.set);
    circle.catalog.removeItem(circle.collectionId, itemId);
    expect(apply(before)).toMatchObject({ merged: 3 });
    expect(circle.catalog.clusterings.members.list(1)).toHaveLength(5);
  });

  it('is not written where an item that is to be a medoid has gone', async () => {
    const before = await search();
    const { itemId } = item('1.51');
    circle.online.takeOut([itemId], circle.set);
    circle.catalog.removeItem(circle.collectionId, itemId);
    const facilities = medoids();
    expect(apply(before)).toBeUndefined();
    expect(medoids()).toEqual(facilities);
    expect(apply(await search())).toMatchObject({ merged: 3 });
  });

  it('is not written where something was done by hand', async () => {
    const before = await search();
    circle.catalog.clusterings.countEdit(1);
    const facilities = medoids();
    expect(apply(before)).toBeUndefined();
    expect(medoids()).toEqual(facilities);
  });

  it('is not written where another model answers, nor where clusters were forgotten', async () => {
    const before = await search();
    const model = { modelId: 'other@1', modelDirectory: 'other@1', dimension: 2 };
    const { id } = circle.catalog.sets.ensure(circle.collectionId, model);
    circle.catalog.sets.activate(circle.collectionId, id);
    expect(apply(before)).toBeUndefined();
    circle.catalog.sets.activate(circle.collectionId, circle.set.id);
    circle.catalog.clusterings.remove(circle.collectionId);
    circle.begin(0.2);
    expect(apply(before)).toBeUndefined();
  });

  it('tells each cluster what became of it', async () => {
    apply(await search());
    const kindsOf = (id: number) =>
      circle.catalog.clusterings.history
        .list(id, { afterId: 0, limit: 100 })
        .map(({ kind, otherClusterId }) => [kind, otherClusterId]);
    const [a, b, c] = ['0', '0.01', '0.02'].map(key => item(key).clusterId);
    expect(kindsOf(a)).toEqual([
      ['opened', null],
      ['medoid', null],
      ['merged', b],
      ['merged', c],
    ]);
    expect(kindsOf(b)).toEqual([
      ['opened', null],
      ['merged-away', a],
    ]);
  });
});
