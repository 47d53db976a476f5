import { existsSync } from 'node:fs';
import { cp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Catalog } from '../../../src/catalog/catalog.js';
import { encodeEmbedding } from '../../../src/catalog/embedding-blob.js';
import { Gallery } from '../../../src/gallery/gallery.js';
import { createRandom } from '../../../src/math/random.js';
import { normalise } from '../../../src/math/vectors.js';
import { HnswIndex } from '../../../src/vector-index/hnsw.js';
import { writeSnapshot } from '../../../src/vector-index/snapshot.js';
import {
  askDatabase,
  codesOf,
  copyForEachTest,
  damageDatabase,
  examine,
  type GalleryCopies,
} from '../../fixtures/examine.js';
import { createTinyModel } from '../../fixtures/tiny-model.js';

describe('the doctor, of what is searched', () => {
  let copies: GalleryCopies;
  let directory: string;
  const catalogPath = (): string => join(directory, 'catalog.sqlite');
  const at = (file: string): string => join(directory, file);
  const modelFolder = (): string =>
    `models/${askDatabase(catalogPath(), 'SELECT model_directory FROM embedding_sets')}`;
  const hex = (blob: Buffer): string => `x'${blob.toString('hex')}'`;

  copyForEachTest((...given) => {
    [directory, copies] = given;
  });

  /** Keys of the nearest of a picture. */
  async function search(i: number): Promise<string[]> {
    const gallery = await Gallery.open(directory, { access: 'read', threads: 1 });
    try {
      const collection = await gallery.collection('default');
      const { results } = await collection.searchByImage(copies.original.pictures[i], { k: 3 });
      return results.map(({ item }) => item.key);
    } finally {
      await gallery.close();
    }
  }

  /** Writes the index anew with vectors made from those of the catalog. */
  async function writeIndex(
    change: (id: number, vector: Float32Array) => [number, Float32Array] | undefined,
  ) {
    const catalog = Catalog.open(catalogPath(), { access: 'read' });
    const set = catalog.sets.find(1);
    if (set === undefined) throw new Error('expected set 1');
    const index = new HnswIndex(set.dimension);
    for (const id of catalog.sets.vectorIds(1)) {
      const changed = change(id, catalog.sets.findEmbedding(id, set.dimension) as Float32Array);
      if (changed !== undefined) index.add([{ id: changed[0], vector: changed[1] }]);
    }
    await index.save(at('index/1.hnsw'), set.modelId);
    catalog.close();
  }

  const badEmbeddings: readonly (readonly [string, () => Buffer])[] = [
    ['of a wrong length', () => encodeEmbedding(Float32Array.of(1))],
    ['of no bytes', () => Buffer.alloc(0)],
    ['not finite', () => encodeEmbedding(new Float32Array(16).fill(Number.NaN))],
    ['of nothing but zeros', () => encodeEmbedding(new Float32Array(16))],
    ['not of unit length', () => encodeEmbedding(new Float32Array(16).fill(1))],
  ];

  it.each(badEmbeddings)('embeds a picture anew whose vector is %s', async (_, blob) => {
    const before = await search(2);
    damageDatabase(catalogPath(), `UPDATE vectors SET embedding = ${hex(blob())} WHERE item_id = 3`);
    expect((await examine(directory)).findings).toMatchObject([
      { code: 'vector-unusable', collection: 'default', itemId: 3, key: 'picture-2.png', vectorId: 3 },
    ]);
    const { findings, mended } = await examine(directory, { fix: true });
    expect(findings).toEqual([]);
    // The vector got a new id, which the index then lacked.
    expect(codesOf({ findings: mended })).toEqual(['vector-unusable', 'index-behind']);
    expect(askDatabase(catalogPath(), 'SELECT id FROM vectors WHERE item_id = 3')).toBe(13);
    expect(await search(2)).toEqual(before);
  });

  it('embeds an item that has no vector', async () => {
    const before = await search(5);
    damageDatabase(catalogPath(), 'DELETE FROM vectors WHERE item_id = 6');
    expect(codesOf(await examine(directory))).toEqual(['item-unembedded', 'index-behind']);
    expect((await examine(directory, { fix: true })).findings).toEqual([]);
    expect(await search(5)).toEqual(before);
  });

  it('leaves a vector as it is when the picture or the model is lost, and says why', async () => {
    const blob = encodeEmbedding(new Float32Array(16));
    damageDatabase(catalogPath(), `UPDATE vectors SET embedding = ${hex(blob)} WHERE item_id = 1`);
    const sha256 = String(askDatabase(catalogPath(), 'SELECT image_sha256 FROM items WHERE id = 1'));
    const image = await readFile(at(`images/${sha256.slice(0, 2)}/${sha256}`));
    await rm(at(`images/${sha256.slice(0, 2)}/${sha256}`));
    const first = await examine(directory, { fix: true });
    expect(codesOf(first)).toEqual(['image-missing', 'vector-unusable']);
    expect(first.notes.join()).toMatch(/picture-0\.png.*could not be embedded/);
    const original = join(directory, '..', 'original');
    await writeFile(original, image);
    await rename(at(modelFolder()), at('away'));
    const second = await examine(directory, { fix: true, from: original });
    expect(codesOf(second)).toEqual(['model-missing', 'vector-unusable']);
    expect(second.notes.join()).toMatch(/nothing of set 1 could be embedded/);
    expect(askDatabase(catalogPath(), 'SELECT count(*) FROM vectors')).toBe(12);
    await rename(at('away'), at(modelFolder()));
    expect((await examine(directory, { fix: true })).findings).toEqual([]);
  });

  it('says of a model that it is missing, damaged or another', async () => {
    const weights = await readFile(at(`${modelFolder()}/model.onnx`));
    await writeFile(at(`${modelFolder()}/model.onnx`), weights.subarray(1));
    expect(codesOf(await examine(directory, { fix: true }))).toEqual(['model-damaged']);
    await writeFile(at(`${modelFolder()}/manifest.json`), '{}');
    expect(codesOf(await examine(directory, { fix: true }))).toEqual(['model-damaged']);
    await rm(at(modelFolder()), { recursive: true });
    expect(codesOf(await examine(directory, { fix: true }))).toEqual(['model-missing']);
    await createTinyModel(at(modelFolder()), { seed: 1 });
    const { findings } = await examine(directory, { fix: true });
    expect(findings).toMatchObject([{ code: 'model-other', setId: 1, file: modelFolder() }]);
  });

  it('says so when a set has vectors of another length than its model makes', async () => {
    damageDatabase(catalogPath(), 'UPDATE embedding_sets SET dimension = 15');
    const codes = new Set(codesOf(await examine(directory)));
    expect([...codes].sort()).toEqual(['index-damaged', 'model-other', 'vector-unusable']);
  });

  it('has the only whole copy of a model take its place, and never removes it', async () => {
    await rename(at(modelFolder()), at(`${modelFolder()}.old`));
    expect(codesOf(await examine(directory))).toEqual(['model-missing', 'model-leftover']);
    expect((await examine(directory, { fix: true })).findings).toEqual([]);
    await cp(at(modelFolder()), at(`${modelFolder()}.tmp`), { recursive: true });
    await writeFile(at(`${modelFolder()}/model.onnx`), 'damaged');
    expect((await examine(directory, { fix: true })).findings).toEqual([]);
    const kept = `quarantine/${modelFolder().replace('/', '_')}/model.onnx`;
    expect(await readFile(at(kept), 'utf8')).toBe('damaged');
    await search(0);
  });

  it('removes a copy of a model that is not needed, and keeps one that is broken while the model is, too', async () => {
    await cp(at(modelFolder()), at(`${modelFolder()}.old`), { recursive: true });
    expect((await examine(directory, { fix: true })).findings).toEqual([]);
    expect(existsSync(at(`${modelFolder()}.old`))).toBe(false);
    expect(existsSync(at('quarantine'))).toBe(false);
    await rename(at(modelFolder()), at(`${modelFolder()}.tmp`));
    await rm(at(`${modelFolder()}.tmp/manifest.json`));
    expect(codesOf(await examine(directory, { fix: true }))).toEqual(['model-missing']);
    expect(existsSync(at(`quarantine/${modelFolder().replace('/', '_')}.tmp/model.onnx`))).toBe(true);
  });

  it.each<[string, string, () => Promise<void>]>([
    ['is not there', 'index-missing', () => rm(at('index'), { recursive: true })],
    ['has no manifest', 'index-damaged', () => rm(at('index/1.json'))],
    ['has nothing but a manifest', 'index-damaged', () => rm(at('index/1.hnsw'))],
    ['has a manifest that is none', 'index-damaged', () => writeFile(at('index/1.json'), '{}')],
    [
      'has a bit that is another',
      'index-damaged',
      async () => {
        const bytes = await readFile(at('index/1.hnsw'));
        bytes[200] ^= 1;
        await writeFile(at('index/1.hnsw'), bytes);
      },
    ],
    [
      'lacks a vector',
      'index-behind',
      () => writeIndex((id, vector) => (id === 5 ? undefined : [id, vector])),
    ],
    [
      'has a vector that never was',
      'index-other-catalog',
      () => writeIndex((id, vector) => [id + 1, vector]),
    ],
    [
      'has another vector',
      'index-vector-wrong',
      () => writeIndex((id, vector) => [id, id === 5 ? vector.map(value => -value) : vector]),
    ],
  ])('builds an index anew that %s', async (_, code, damage) => {
    const before = await search(1);
    await damage();
    expect(codesOf(await examine(directory))).toEqual([code]);
    const { findings, mended } = await examine(directory, { fix: true });
    expect(findings).toEqual([]);
    expect(codesOf({ findings: mended })).toEqual([code]);
    expect(codesOf(await examine(directory))).toEqual([]);
    expect(await search(1)).toEqual(before);
  });

  it('removes indexes of sets that are gone and half-written ones, and keeps what it does not know', async () => {
    for (const name of ['7.hnsw', '7.json']) await cp(at('index/1.hnsw'), at(`index/${name}`));
    await writeFile(at('index/1.json.tmp'), '{');
    await writeFile(at('index/notes'), 'mine');
    // What belongs to a set that is there, whatever it is.
    await writeFile(at('index/1.more'), '');
    const codes = ['index-stray', 'index-stray', 'temporary-file', 'file-unknown'];
    expect(codesOf(await examine(directory)).sort()).toEqual([...codes].sort());
    expect((await examine(directory, { fix: true })).findings).toEqual([]);
    expect(await readFile(at('quarantine/index_notes'), 'utf8')).toBe('mine');
    for (const name of ['7.hnsw', '7.json', '1.json.tmp'])
      expect(existsSync(at(`index/${name}`))).toBe(false);
    expect(existsSync(at('index/1.more'))).toBe(true);
  });

  /** As many items as that, of a few pictures, with vectors of their own. */
  function addItems(count: number): void {
    const random = createRandom('doctor');
    const statements = Array.from({ length: count }, (_, i) => {
      const vector = normalise(Float32Array.from({ length: 16 }, () => random.normal()));
      const id = 100 + i;
      return `INSERT INTO items SELECT ${id}, collection_id, 'more-${i}', label, metadata, image_sha256, format, width,
          height, bytes, created_at, updated_at FROM items WHERE id = 1;
        INSERT INTO vectors VALUES (${id}, ${id}, 1, ${hex(encodeEmbedding(vector))});`;
    });
    damageDatabase(catalogPath(), `BEGIN; ${statements.join('')} COMMIT`);
  }

  /** Has a search reach twenty of the vectors only, from the one that it enters by. */
  function cutLinks(graph: Buffer): Buffer {
    const count = Number(graph.readBigUInt64LE(16));
    const elementBytes = Number(graph.readBigUInt64LE(24));
    const [entry, headerBytes, listBytes] = [graph.readUInt32LE(52), 96, 4 + 4 * 16];
    const cut = Buffer.from(graph);
    const reached = [...Array(20).keys()].map(i => (entry + i) % count);
    for (let i = 0; i < count; i++) {
      const links = reached.includes(i) ? reached.filter(other => other !== i) : [];
      const element = headerBytes + i * elementBytes;
      cut.writeUInt16LE(links.length, element);
      for (const [j, link] of links.entries()) cut.writeUInt32LE(link, element + 4 + 4 * j);
    }
    for (let at = headerBytes + count * elementBytes; at < cut.length; ) {
      const end = at + 4 + cut.readUInt32LE(at);
      for (at += 4; at < end; at += listBytes) cut.writeUInt16LE(0, at);
    }
    return cut;
  }

  it('builds a graph anew that finds too few neighbours, though its file is as it was written', async () => {
    addItems(300);
    expect((await examine(directory, { fix: true })).findings).toEqual([]);
    const path = at('index/1.hnsw');
    const {
      formatVersion: _,
      space: __,
      sha256: ___,
      ...description
    } = JSON.parse(await readFile(at('index/1.json'), 'utf8'));
    const cut = cutLinks(await readFile(path));
    await writeSnapshot(path, description, {
      write: temporary => writeFile(temporary, cut),
      createCheck: () => ({ take: () => undefined, end: () => undefined }),
    });
    const { findings } = await examine(directory);
    expect(codesOf({ findings })).toEqual(['index-recall-low']);
    expect(findings[0].detail).toMatch(/expected recall@10 of 0.95, got 0\.[01]/);
    expect(await examine(directory, { fix: true })).toMatchObject({
      findings: [],
      mended: [{ code: 'index-recall-low' }],
    });
  });
});
