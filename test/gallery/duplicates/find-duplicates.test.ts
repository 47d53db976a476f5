import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp, { type Matrix3x3 } from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Collection } from '../../../src/gallery/collection.js';
import type { DuplicateTier } from '../../../src/gallery/duplicates/duplicate-group.js';
import { Gallery } from '../../../src/gallery/gallery.js';
import { askDatabase, damageDatabase } from '../../fixtures/examine.js';
import { createFilledGallery, type FilledGallery } from '../../fixtures/filled-gallery.js';
import { createPicture } from '../../fixtures/images.js';

const allTiers = ['identical', 'same-picture', 'near'] as const;

describe('duplicates of real pictures', () => {
  let filled: FilledGallery;
  let gallery: Gallery;
  let collection: Collection;
  /** Ids by key. */
  const ids = new Map<string, number>();

  const add = async (key: string, image: Buffer): Promise<void> => {
    const [outcome] = await collection.add([{ key, image }]);
    if (outcome.status === 'failed') throw new Error(outcome.message);
    ids.set(key, outcome.item.id);
  };
  const find = (options: { maxDistance?: number; tiers?: readonly DuplicateTier[]; signal?: AbortSignal }) =>
    collection.findDuplicates({
      tiers: allTiers,
      signal: new AbortController().signal,
      onProgress: () => undefined,
      ...options,
    });
  const idOf = (key: string): number => ids.get(key) as number;
  /** Of the group that an item stands for: tier by key. */
  const groupOf = ({ groups }: Awaited<ReturnType<typeof find>>, key: string) => {
    const group = groups.find(({ representative }) => representative === idOf(key));
    const keyOf = new Map([...ids].map(([name, id]) => [id, name]));
    return Object.fromEntries(group?.items.map(({ id, tier }) => [keyOf.get(id), tier]) ?? []);
  };

  beforeEach(async () => {
    ids.clear();
    filled = await createFilledGallery({ count: 0 });
    gallery = await Gallery.open(filled.directory, { access: 'write', threads: 1 });
    collection = await gallery.collection('default');
    const original = await createPicture('original', { width: 120, height: 90 });
    await add('small', await sharp(original).resize(60).png().toBuffer());
    await add('original', original);
    await add('copy', original);
    await add('jpeg', await sharp(original).resize(110).jpeg({ quality: 60 }).toBuffer());
    await add('other', await createPicture('other'));
  });
  afterEach(async () => {
    await gallery.close();
    await filled.remove();
  });

  it('are around the largest picture, each with its tier', async () => {
    const found = await find({});
    expect(groupOf(found, 'original')).toEqual({
      copy: 'identical',
      jpeg: 'same-picture',
      small: 'same-picture',
    });
    expect(found).toMatchObject({
      groups: { length: 1 },
      duplicates: 3,
      tiers: { identical: 1, 'same-picture': 2, near: 0 },
      unreadable: [],
    });
    for (const { distance, hashDistance } of found.groups[0].items) {
      expect(distance).toBeLessThanOrEqual(0.5);
      expect(hashDistance).toBeLessThanOrEqual(10);
    }
  });

  it('are told near where the hash says that it is another picture', async () => {
    const found = await find({ maxDistance: 2 });
    expect(groupOf(found, 'original')).toMatchObject({ other: 'near', small: 'same-picture' });
  });

  it('stay in two groups of what is surely the same, however near they are', async () => {
    await add('copy of other', await createPicture('other'));
    const found = await find({ maxDistance: 2 });
    expect(groupOf(found, 'original')).not.toHaveProperty('other');
    expect(groupOf(found, 'other')).toEqual({ 'copy of other': 'identical' });
  });

  it.each([
    [['identical'], { copy: 'identical' }],
    [['same-picture'], { jpeg: 'same-picture', small: 'same-picture' }],
    [['near'], { jpeg: 'near', small: 'near', other: 'near' }],
    [['identical', 'same-picture'], { copy: 'identical', jpeg: 'same-picture', small: 'same-picture' }],
  ] as const)('are looked for in the tiers asked for: %s', async (tiers, expected) => {
    expect(groupOf(await find({ tiers, maxDistance: 2 }), 'original')).toEqual(expected);
  });

  it('are told near where one of the pictures cannot be read, which is told as well', async () => {
    const stored = async (key: string): Promise<string> => {
      const { imageSha256 } = collection.getItem(idOf(key));
      const path = join(filled.directory, 'images', imageSha256.slice(0, 2), imageSha256);
      expect(existsSync(path)).toBe(true);
      return path;
    };
    await rm(await stored('small'));
    await writeFile(await stored('jpeg'), 'no picture');
    const found = await find({ maxDistance: 2 });
    expect(found.unreadable).toEqual([idOf('small'), idOf('jpeg')]);
    expect(groupOf(found, 'original')).toMatchObject({ small: 'near', jpeg: 'near', copy: 'identical' });
  });

  it.each([
    ['red', 'grey', true],
    ['red', 'green', false],
    ['green', 'grey', true],
  ] as const)(
    'are found though the model holds them for far apart, not in other colours: %s and %s',
    async (one, other, same) => {
      const draw = (fill: string) =>
        sharp(
          Buffer.from(
            `<svg xmlns="http://www.w3.org/2000/svg" width="130" height="100"><rect width="130" height="100" fill="#eef"/>
           <circle cx="50" cy="40" r="34" fill="${fill}"/><path d="M20 90 L120 70 L90 10 Z" fill="#222"/></svg>`,
          ),
        );
      const greyOf = [0, 1, 2].map(() => [0.299, 0.587, 0.114]) as Matrix3x3;
      // As light as each other.
      const pictures = {
        red: draw('rgb(200,0,0)'),
        green: draw('rgb(0,102,0)'),
        grey: draw('rgb(200,0,0)').recomb(greyOf),
      };
      for (const key of [one, other]) await add(key, await pictures[key].png().toBuffer());
      const found = await find({ tiers: ['same-picture'] });
      const pair = found.groups.find(({ representative }) =>
        [idOf(one), idOf(other)].includes(representative),
      );
      expect(pair !== undefined).toBe(same);
      for (const { distance } of pair?.items ?? []) expect(distance).toBeGreaterThan(found.maxDistance);
    },
  );

  it('are found without their hashes, which are made and kept if the gallery may be written', async () => {
    const path = join(filled.directory, 'catalog.sqlite');
    const count = 'SELECT count(*) FROM picture_hashes';
    const before = await find({});
    await gallery.close();
    expect(askDatabase(path, count)).toBe(4);
    damageDatabase(path, 'DELETE FROM picture_hashes');
    gallery = await Gallery.open(filled.directory, { access: 'read', threads: 1 });
    collection = await gallery.collection('default');
    expect(await find({})).toEqual(before);
    expect(askDatabase(path, count)).toBe(0);
    await gallery.close();
    gallery = await Gallery.open(filled.directory, { access: 'write', threads: 1 });
    collection = await gallery.collection('default');
    expect(await find({})).toEqual(before);
    expect(askDatabase(path, count)).toBe(4);
  });

  it('are the same each time, and told of as they are looked for', async () => {
    const done: number[] = [];
    const first = await collection.findDuplicates({
      tiers: allTiers,
      signal: new AbortController().signal,
      onProgress: progress => done.push(progress.done),
    });
    expect(await find({})).toEqual(first);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(done.at(-1)).toBe(5);
  });

  it('are given up when that is asked for', async () => {
    await expect(find({ signal: AbortSignal.abort() })).rejects.toMatchObject({ code: 'interrupted' });
  });
});
