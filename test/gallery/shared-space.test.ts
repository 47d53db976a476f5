import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Catalog } from '../../src/catalog/catalog.js';
import { EmbeddingSets } from '../../src/catalog/embedding-sets.js';
import type { EmbeddingSetRow } from '../../src/catalog/rows.js';
import { answerQuestion } from '../../src/gallery/answer-question.js';
import type { EmbeddingSpace, SpaceParts } from '../../src/gallery/embedding-space.js';
import { createImageStore } from '../../src/gallery/image-store.js';
import { type SearchOptions, searchOptionsSchema } from '../../src/gallery/search-question.js';
import type { HnswIndex } from '../../src/vector-index/hnsw.js';
import { countTurns, slowClock } from '../fixtures/count-turns.js';
import { openSpace } from '../fixtures/open-space.js';
import { createUnitVectors } from '../fixtures/unit-vectors.js';

const dimension = 4;
const vectors = createUnitVectors(1000, dimension);
const image = { imageSha256: 'a'.repeat(64), format: 'png', width: 4, height: 3, bytes: 100 };

describe('a space', () => {
  let folder: string;
  let catalog: Catalog;
  let collectionId: number;
  let restoreClock = (): void => undefined;
  const opened: { close(): unknown }[] = [];

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
  const open = async (own: Catalog, options: Partial<SpaceParts> = {}): Promise<EmbeddingSpace> => {
    const set = own.sets.findActive(collectionId) as EmbeddingSetRow;
    const space = await openSpace({ catalog: own, set, indexPath: join(folder, '1.hnsw'), ...options });
    opened.push(space);
    return space;
  };
  const openIndexed = async (own: Catalog, options: Partial<SpaceParts> = {}): Promise<EmbeddingSpace> => {
    const space = await open(own, options);
    await space.indexed();
    return space;
  };
  const graphOf = ({ graph }: EmbeddingSpace): HnswIndex => {
    if (graph === undefined) throw new Error('expected a graph');
    return graph;
  };
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
    for (const each of opened.splice(0).reverse()) await each.close();
    await rm(folder, { recursive: true });
  });

  it('gives others their turn while its index is built from the catalog', async () => {
    addItems(0, 400);
    restoreClock = slowClock();
    const { turns, result } = await countTurns(() => openIndexed(catalog));
    expect([result.exact.size, graphOf(result).size]).toEqual([400, 400]);
    expect(turns).toBeGreaterThan(120);
  });

  it('gives others their turn while removed vectors are dropped before a snapshot is written', async () => {
    addItems(0, 1000);
    const space = await openIndexed(catalog);
    await space.save();
    space.apply({ add: [], remove: [...space.exact.ids()].slice(0, 501) });
    // Others have their turn while a file is written anyway.
    const write = vi.spyOn(graphOf(space), 'save').mockResolvedValue();
    restoreClock = slowClock();
    const { turns } = await countTurns(() => space.save());
    expect(turns).toBeGreaterThan(90);
    expect(write).toHaveBeenCalledOnce();
  });

  it('is searched while its graph is built, by comparison, and the graph follows what is written meanwhile', async () => {
    addItems(0, 400);
    restoreClock = slowClock();
    const space = await open(catalog);
    expect(await space.rebuiltBecause()).toMatch(/1\.json/);
    const building = countTurns(() => space.indexed());
    // Now some of them are in it.
    for (let i = 0; i < 20; i++) await setImmediate();
    const [first, second] = await search(space, catalog, { k: 2 });
    expect([space.graph, first]).toEqual([undefined, 1]);
    // One that the graph has, one that it has not yet, one that comes and goes, and new ones.
    const remove = [1, 400].map(id => catalog.removeItem(collectionId, id) as number);
    addItems(400, 500);
    const add = catalog.sets.vectorIds(space.setId).slice(-100);
    space.apply({ add: add.map((id, i) => ({ id, vector: vectors[400 + i].vector })), remove });
    space.apply({ add: [], remove: [catalog.removeItem(collectionId, 450) as number] });
    expect((await search(space, catalog, { k: 1 }))[0]).toBe(second);
    expect((await building).turns).toBeGreaterThan(60);
    expect([...graphOf(space).ids()].sort()).toEqual([...space.exact.ids()].sort());
    expect(graphOf(space).size).toBe(497);
    expect((await search(space, catalog, { k: 1 }))[0]).toBe(second);
  });

  it('saves a graph that it has built, and gives one up that it is building when it is closed', async () => {
    addItems(0, 400);
    restoreClock = slowClock();
    const closed = await open(catalog);
    const indexed = closed.indexed();
    await Promise.all([
      expect(indexed).rejects.toThrow(expect.objectContaining({ code: 'interrupted' })),
      closed.close(),
    ]);
    expect(await readdir(folder)).not.toContain('1.hnsw');
    restoreClock();
    const space = await openIndexed(catalog);
    await space.save();
    const again = await openIndexed(catalog);
    expect([await again.rebuiltBecause(), graphOf(again).size]).toEqual([undefined, 400]);
  });

  it('is searched without a vector that is damaged, which is told', async () => {
    addItems(0, 30);
    const spoil = new Database(join(folder, 'catalog.sqlite'));
    spoil.exec('UPDATE vectors SET embedding = zeroblob(16) WHERE item_id = 2');
    spoil.exec("UPDATE vectors SET embedding = x'00' WHERE item_id = 3");
    spoil.close();
    const notify = vi.fn();
    const space = await openIndexed(catalog, { notify });
    expect(notify.mock.calls.map(([message]) => message)).toEqual([
      expect.stringMatching(/^vector 2 is damaged/),
      expect.stringMatching(/^vector 3 is damaged/),
    ]);
    expect([space.exact.size, graphOf(space).size]).toEqual([28, 28]);
    expect(await search(space, catalog, { k: 100 })).toHaveLength(28);
  });

  it('gives others their turn while it follows what another process has written, before the search that sees it', async () => {
    addItems(0, 10);
    const reader = openCatalog('read');
    const space = await openIndexed(reader, { access: 'read' });
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

  it('compares no ids when another process has written something else', async () => {
    addItems(0, 10);
    const reader = openCatalog('read');
    const space = await openIndexed(reader, { access: 'read' });
    catalog.removeItem(collectionId, 2);
    await search(space, reader, {});
    const listed = vi.spyOn(EmbeddingSets.prototype, 'vectorIds');
    const listedInTurns = vi.spyOn(EmbeddingSets.prototype, 'eachVectorId');
    catalog.updateItem(collectionId, 1, { label: 'another', metadata: {} });
    expect(await search(space, reader, {})).toHaveLength(9);
    expect([listed.mock.calls, listedInTurns.mock.calls]).toEqual([[], []]);
    catalog.removeItem(collectionId, 1);
    expect(await search(space, reader, {})).toHaveLength(8);
    expect(listedInTurns).toHaveBeenCalled();
  });

  it('keeps the labels that it has read until an item is written', async () => {
    addItems(0, 1000);
    const space = await open(catalog);
    const oneEach = { k: 700, onePerLabel: true };
    const first = await search(space, catalog, oneEach);
    expect(first).toHaveLength(700);
    const asked = vi.spyOn(EmbeddingSets.prototype, 'findLabel');
    const listed = vi.spyOn(EmbeddingSets.prototype, 'listLabels');
    catalog.jobs.add({ kind: 'none', collectionId, input: {} });
    expect(await search(space, catalog, oneEach)).toEqual(first);
    expect([asked.mock.calls, listed.mock.calls]).toEqual([[], []]);
    catalog.updateItem(collectionId, first[2], { label: `label ${first[1] - 1}`, metadata: {} });
    const again = await search(space, catalog, oneEach);
    expect(again.slice(0, 3)).toEqual([first[0], first[1], first[3]]);
    expect(listed).toHaveBeenCalledOnce();
  });
});
