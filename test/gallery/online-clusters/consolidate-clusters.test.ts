import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EmbeddingSpace } from '../../../src/gallery/embedding-space.js';
import {
  type ConsolidationResult,
  consolidateClusters,
} from '../../../src/gallery/online-clusters/consolidate-clusters.js';
import type { OpenedCollection } from '../../../src/gallery/open-collections.js';
import { atDistance as at, type CircleCatalog, createCircleCatalog } from '../../fixtures/circle-catalog.js';

const { signal } = new AbortController();

describe('a consolidation', () => {
  let circle: CircleCatalog;
  beforeEach(async () => {
    circle = await createCircleCatalog();
    circle.begin(1e-6);
    for (const distance of [0, 0.01, 0.02, 1.5, 1.51, 1.52]) circle.place(`${distance}`, at(distance));
    circle.begin(0.2);
  });
  afterEach(() => circle.remove());

  /** @param meanwhile what others do after each search that they may write beside */
  async function consolidate(meanwhile: () => void) {
    const space = { set: circle.set } as EmbeddingSpace;
    let [searches, isAlone] = [0, false];
    const opened = {
      id: circle.collectionId,
      clusters: circle.online,
      space: {
        async use<T>(work: (current: EmbeddingSpace) => Promise<T>): Promise<T> {
          searches++;
          const found = await work(space);
          meanwhile();
          return found;
        },
      },
      writer: {
        exclusively<T>(work: (current: EmbeddingSpace) => Promise<T>): Promise<T> {
          isAlone = true;
          return work(space);
        },
      },
    } as unknown as OpenedCollection;
    const written: ConsolidationResult[] = [];
    const parts = { opened, catalog: circle.catalog, signal };
    const result = await consolidateClusters({ ...parts, alongside: one => void written.push(one) });
    return { result, written, searches, isAlone };
  }

  it('is written once, with what it was and is', async () => {
    const { result, written, searches } = await consolidate(() => undefined);
    expect([written, searches]).toEqual([[result], 1]);
    expect(result).toMatchObject({ items: 6, clusters: 2, merged: 4, facilityCost: 0.2 });
    expect(result?.cost.before).toBeCloseTo(6 * 0.2, 6);
    expect(result?.energy.after).toBeCloseTo(0.0505, 4);
  });

  it('is done while nobody else writes, if hands change something again and again', async () => {
    let edits = 0;
    const { result, written, searches } = await consolidate(() => {
      edits++;
      circle.catalog.clusterings.countEdit(1);
    });
    expect([searches, edits, written]).toEqual([3, 3, [result]]);
    expect(result).toMatchObject({ clusters: 2 });
  });

  it('has nothing to do where clusters were forgotten', async () => {
    circle.catalog.clusterings.remove(circle.collectionId);
    expect(await consolidate(() => undefined)).toMatchObject({ result: undefined, written: [] });
  });
});
