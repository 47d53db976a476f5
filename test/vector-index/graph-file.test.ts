import { createHash } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { HnswIndex } from '../../src/vector-index/hnsw.js';
import { NativeGraph } from '../../src/vector-index/native-graph.js';
import type { SnapshotManifest } from '../../src/vector-index/snapshot.js';
import { createUnitVectors } from '../fixtures/unit-vectors.js';

const dimension = 8;
const count = 200;
const modelId = 'model@1';
/** In bytes, as `graph-file.ts` tells of them. */
const header = 96;
const vectorAt = 4 + 4 * 32;
const labelAt = vectorAt + 4 * dimension;
const element = labelAt + 8;
const listBytes = 4 + 4 * 16;
const elementAt = (i: number): number => header + i * element;

type Craft = (file: Buffer, manifest: SnapshotManifest) => [Buffer, Partial<SnapshotManifest>] | undefined;

/** The hash that a manifest must have to be believed. */
function sign(file: Buffer, manifest: SnapshotManifest): SnapshotManifest {
  const fields = [
    'formatVersion',
    'kind',
    'modelId',
    'dimension',
    'space',
    'parameters',
    'count',
    'removedIds',
  ];
  const signed = [...fields, 'lastVectorId'].map(name => [name, manifest[name as keyof SnapshotManifest]]);
  const sha256 = createHash('sha256').update(JSON.stringify(signed)).update(file).digest('hex');
  return { ...manifest, sha256 };
}

/** Where the lists above the bottom begin of the first element that has some, and of one that has none. */
function findLists(file: Buffer): { tall: number; flat: number; flatElement: number } {
  const found = { tall: -1, flat: -1, flatElement: -1 };
  for (let i = 0, at = elementAt(count); i < count; i++) {
    const bytes = file.readUInt32LE(at);
    if (bytes > 0 && found.tall < 0) found.tall = at;
    if (bytes === 0 && found.flat < 0) [found.flat, found.flatElement] = [at, i];
    at += 4 + bytes;
  }
  return found;
}

const change =
  (edit: (file: Buffer) => void): Craft =>
  file => {
    edit(file);
    return undefined;
  };
const long = (at: number, value: number): Craft => change(file => file.writeBigUInt64LE(BigInt(value), at));

const crafted: [string, RegExp, Craft][] = [
  ['a bottom layer elsewhere', /bottom layer/, long(0, 8)],
  ['fewer places than vectors', /100 places/, long(8, 100)],
  ['places for everything there is', /places for 200/, long(8, 2 ** 40)],
  ['a count above that of the manifest', /count: expected 200/, long(16, count + 1)],
  [
    'a count far above what it can hold',
    /cannot hold/,
    file => {
      file.writeBigUInt64LE(2n ** 32n, 16);
      file.writeBigUInt64LE(2n ** 32n, 8);
      return [file, { count: 2 ** 32 }];
    },
  ],
  ['elements of another size', /bytes of an element/, long(24, element + 4)],
  ['labels elsewhere', /offset of the label/, long(32, 0)],
  ['vectors elsewhere', /offset of the vector/, long(40, 0)],
  ['more links above the bottom', /maxM:/, long(56, 17)],
  ['more links at the bottom', /maxM0/, long(64, 33)],
  ['another M', /M: expected 16/, long(72, 17)],
  ['another scale of levels', /1 \/ ln/, change(file => file.writeDoubleLE(Number.NaN, 80))],
  ['another efConstruction', /efConstruction/, long(88, 100)],
  ['an entry point out of range', /entry point 200/, change(file => file.writeUInt32LE(count, 52))],
  ['no entry point', /entry point 4294967295/, change(file => file.writeInt32LE(-1, 52))],
  [
    'an entry point below the highest level',
    /level of the entry/,
    change(file => {
      file.writeUInt32LE(findLists(file).flatElement, 52);
    }),
  ],
  ['no level at all', /on level 4294967295/, change(file => file.writeInt32LE(-1, 48))],
  ['a level beyond all', /on level 1000/, change(file => file.writeInt32LE(1000, 48))],
  ['too many links', /33 links/, change(file => file.writeUInt16LE(33, elementAt(7)))],
  ['a link out of range', /element 200 of 200/, change(file => file.writeUInt32LE(count, elementAt(7) + 4))],
  ['an unknown mark', /mark of a vector/, change(file => file.writeUInt16LE(2, elementAt(7) + 2))],
  [
    'a vector marked that the manifest has not',
    /mark of a vector/,
    change(file => {
      file.writeUInt16LE(1, elementAt(7) + 2);
    }),
  ],
  [
    'a vector not marked that the manifest has',
    /mark of a vector/,
    change(file => {
      file.writeUInt16LE(0, elementAt(4) + 2);
    }),
  ],
  [
    'a removed id that the file has not',
    /removed vectors: expected 2/,
    file => [file, { removedIds: [5, 999] }],
  ],
  ['a label twice', /vector 1 is there twice/, change(file => file.writeUInt32LE(1, elementAt(7) + labelAt))],
  [
    'a label of more than 32 bits',
    /upper half/,
    change(file => file.writeUInt32LE(1, elementAt(7) + labelAt + 4)),
  ],
  [
    'a vector with NaN',
    /vector 8 is not/,
    change(file => file.writeFloatLE(Number.NaN, elementAt(7) + vectorAt)),
  ],
  [
    'a vector that is too long',
    /vector 8 is not/,
    change(file => file.writeFloatLE(2, elementAt(7) + vectorAt)),
  ],
  ['lists of half a level', /has level/, change(file => file.writeUInt32LE(4, findLists(file).tall))],
  [
    'lists of four gigabytes',
    /has level/,
    change(file => file.writeUInt32LE(2 ** 32 - 4, findLists(file).tall)),
  ],
  [
    'too many links above the bottom',
    /17 links/,
    change(file => file.writeUInt16LE(17, findLists(file).tall + 4)),
  ],
  ['a mark above the bottom', /mark above/, change(file => file.writeUInt16LE(1, findLists(file).tall + 6))],
  [
    'a link above the bottom to one that is not there',
    /not on that level/,
    change(file => {
      const { tall, flatElement } = findLists(file);
      file.writeUInt16LE(1, tall + 4);
      file.writeUInt32LE(flatElement, tall + 8);
    }),
  ],
  [
    'lists for one that others do not expect to have some',
    /longer than|ends too early|has level/,
    file => {
      const { flat } = findLists(file);
      file.writeUInt32LE(listBytes, flat);
      return [file, {}];
    },
  ],
  ['its end cut off', /ends too early/, file => [file.subarray(0, -4), {}]],
  ['its last element cut off', /cannot hold/, file => [file.subarray(0, elementAt(count - 1)), {}]],
  ['half a word cut off', /ends too early/, file => [file.subarray(0, -2), {}]],
  ['nothing but a header', /cannot hold/, file => [file.subarray(0, header), {}]],
  ['nothing', /ends too early/, () => [Buffer.alloc(0), {}]],
  ['a word too many', /longer than/, file => [Buffer.concat([file, Buffer.alloc(4)]), {}]],
  ['a byte too many', /longer than/, file => [Buffer.concat([file, Buffer.alloc(1)]), {}]],
  ['another dimension', /bytes of an element/, file => [file, { dimension: 4 }]],
];

describe('a graph file that is signed as it should be', () => {
  let folder: string;
  let path: string;
  let whole: Buffer;
  let manifest: SnapshotManifest;
  const load = (size = dimension) => HnswIndex.load(path, { modelId, dimension: size });

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-graph-file-'));
    path = join(folder, '1.hnsw');
    const index = new HnswIndex(dimension);
    index.add(createUnitVectors(count, dimension));
    index.remove([5]);
    await index.save(path, modelId);
    whole = await readFile(path);
    manifest = JSON.parse(await readFile(join(folder, '1.json'), 'utf8'));
  });
  afterEach(() => vi.restoreAllMocks());
  afterAll(() => rm(folder, { recursive: true }));

  const write = async (file: Buffer, signed: SnapshotManifest): Promise<void> => {
    await writeFile(path, file);
    await writeFile(join(folder, '1.json'), JSON.stringify(sign(file, signed)));
  };

  it('is read when nothing else is off', async () => {
    await write(whole, manifest);
    const index = await load();
    expect([index.size, index.has(5), index.has(200)]).toEqual([count - 1, false, true]);
  });

  it.each(crafted)('is refused with %s, before the native library sees it', async (_, reason, craft) => {
    const file = Buffer.from(whole);
    const [made, fields] = craft(file, manifest) ?? [file, {}];
    const signed = { ...manifest, ...fields };
    await write(made, signed);
    const read = vi.spyOn(NativeGraph, 'read');
    await expect(load(signed.dimension)).rejects.toThrow(
      expect.objectContaining({ code: 'invalid-index', message: expect.stringMatching(reason) }),
    );
    expect(read).not.toHaveBeenCalled();
  });

  it('is refused for an empty graph that has an entry point', async () => {
    const empty = new HnswIndex(dimension);
    await empty.save(path, modelId);
    const file = await readFile(path);
    const signed: SnapshotManifest = JSON.parse(await readFile(join(folder, '1.json'), 'utf8'));
    file.writeUInt32LE(0, 52);
    await write(file, signed);
    await expect(load()).rejects.toThrow(/entry point 0/);
  });
});
