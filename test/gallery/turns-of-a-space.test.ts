import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Catalog } from '../../src/catalog/catalog.js';
import { EmbeddingSets } from '../../src/catalog/embedding-sets.js';
import type { EmbeddingSetRow } from '../../src/catalog/rows.js';
import type { Embedder } from '../../src/embed/embedder.js';
import { answerQuestion } from '../../src/gallery/answer-question.js';
import { EmbeddingSpace } from '../../src/gallery/embedding-space.js';
import { createImageStore } from '../../src/gallery/image-store.js';
import { type SearchOptions, searchOptionsSchema } from '../../src/gallery/search-question.js';
import { countTurns, slowClock } from '../fixtures/count-turns.js';
import { createUnitVectors } from '../fixtures/unit-vectors.js';

const dimension = 4;
const vectors = createUnitVectors(1000, dimension);
const image = { imageSha256: 'a'.repeat(64), format: 'png', width: 4, height: 3, bytes: 100 };

describe('a space gives others their turn', () => {
  let folder: string;
  let catalog: Catalog;
  let collectionId: number;
  let restoreClock = (): void => undefined;
  const opened: Catalog[] = [];

  const openCatalog = (access: 'read' | 'write'): Catalog => {
    const one = Catalog.open(join(folder, 'catalog.sqlite'), { access, create: access === 'write' });
    opened.push(one);
    return one;
  };
  /** Items of these positions among the vectors, from 0. */
  const addItems = (from: number, to: number): void =>
    catalog.transaction(() => {
      for (const [i, { vector: embedding }] of vectors.slice(from, to).entries()) {
        const key = String(from + i);
        catalog.addItem(collectionId, key, { ...image, embedding, label: `label ${key}`, metadata: {} });
      }
    });
  const openSpace = (own: Catalog, access: 'read' | 'write' = 'write'): Promise<EmbeddingSpace> =>
    EmbeddingSpace.open({
      catalog: own,
      set: own.sets.findActive(collectionId) as EmbeddingSetRow,
      lease: { embedder: {} as Embedder, release: async () => undefined },
      indexPath: join(folder, '1.hnsw'),
      access,
    });
  const search = async (space: EmbeddingSpace, own: Catalog, options: Partial<SearchOptions>) => {
    const images = createImageStore(folder, { isNeeded: () => true });
    const { results } = await answerQuestion(
      space,
      {
        queries: [{ vector: vectors[0].vector }],
        options: { ...searchOptionsSchema.parse({}), ...options },
      },
      { catalog: own, collectionId, images },
    );
    return results.map(({ item }) => item.id);
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-turns-'));
    catalog = openCatalog('write');
    const model = { modelId: 'm@1', modelDirectory: 'm@1', dimension };
    collectionId = catalog.addCollection({ name: 'default', ...model }).id;
  });
  afterEach(async () => {
    vi.restoreAllMocks();
    restoreClock();
    for (const each of opened.splice(0)) each.close();
    await rm(folder, { recursive: true });
  });

  it('while its index is built from the catalog', async () => {
    addItems(0, 400);
    restoreClock = slowClock();
    const { turns, result } = await countTurns(() => openSpace(catalog));
    expect(result.graph.size).toBe(400);
    expect(turns).toBeGreaterThan(60);
  });

  it('while removed vectors are dropped before a snapshot is written', async () => {
    addItems(0, 1000);
    const space = await openSpace(catalog);
    space.apply({ add: [], remove: [...space.graph.ids()].slice(0, 501) });
    // Others have their turn while a file is written anyway.
    const write = vi.spyOn(space.graph, 'save').mockResolvedValue();
    restoreClock = slowClock();
    const { turns } = await countTurns(() => space.save());
    expect(turns).toBeGreaterThan(90);
    expect(write).toHaveBeenCalledOnce();
  });

  it('while the exact index is made, which searches wait for and which follows what is written', async () => {
    addItems(0, 400);
    const space = await openSpace(catalog);
    restoreClock = slowClock();
    const searching = countTurns(() =>
      Promise.all([
        search(space, catalog, { exact: true, k: 3 }),
        search(space, catalog, { onePerLabel: true }),
      ]),
    );
    // Now some of them are in it.
    for (let i = 0; i < 20; i++) await setImmediate();
    // As the writer does while the index is being made: one that it has, one that it has not, and new ones.
    const [nearest] = space.graph.search(vectors[0].vector, 1);
    const remove = [nearest.id, 400].map(id => catalog.removeItem(collectionId, id) as number);
    addItems(400, 500);
    const add = catalog.sets.vectorIds(space.setId).slice(-100);
    space.apply({ add: add.map((id, i) => ({ id, vector: vectors[400 + i].vector })), remove });
    const { turns, result } = await searching;
    expect(turns).toBeGreaterThan(60);
    for (const ids of result) expect(ids).not.toContain(1);
    expect([...space.exact().ids()].sort()).toEqual([...space.graph.ids()].sort());
    expect(space.exact().size).toBe(498);
  });

  it('while it follows what another process has written, before the search that sees it', async () => {
    addItems(0, 10);
    const reader = openCatalog('read');
    const space = await openSpace(reader, 'read');
    await space.makeExact();
    addItems(10, 500);
    catalog.removeItem(collectionId, 1);
    restoreClock = slowClock();
    const { turns, result } = await countTurns(() =>
      Promise.all([search(space, reader, { k: 499 }), search(space, reader, { k: 499, exact: true })]),
    );
    expect(turns).toBeGreaterThan(100);
    for (const ids of result) expect(ids).toHaveLength(499);
    for (const ids of result) expect(ids).not.toContain(1);
  });

  it('and compares no ids when another process has written something else', async () => {
    addItems(0, 10);
    const reader = openCatalog('read');
    const space = await openSpace(reader, 'read');
    catalog.removeItem(collectionId, 2);
    await search(space, reader, {});
    const listed = vi.spyOn(EmbeddingSets.prototype, 'vectorIds');
    const listedInTurns = vi.spyOn(EmbeddingSets.prototype, 'listVectorIds');
    catalog.updateItem(collectionId, 1, { label: 'another', metadata: {} });
    expect(await search(space, reader, {})).toHaveLength(9);
    expect([listed.mock.calls, listedInTurns.mock.calls]).toEqual([[], []]);
    catalog.removeItem(collectionId, 1);
    expect(await search(space, reader, {})).toHaveLength(8);
    expect(listedInTurns).toHaveBeenCalled();
  });
});
