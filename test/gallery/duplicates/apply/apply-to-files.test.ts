import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Collection } from '../../../../src/gallery/collection.js';
import { applyToFiles } from '../../../../src/gallery/duplicates/apply/apply-to-files.js';
import { FolderOfFiles } from '../../../../src/gallery/duplicates/apply/folder-of-files.js';
import { readUndoFile, UndoWriter } from '../../../../src/gallery/duplicates/apply/undo-file.js';
import { Gallery } from '../../../../src/gallery/gallery.js';
import type { Item } from '../../../../src/gallery/item.js';
import { createFilledGallery, type FilledGallery } from '../../../fixtures/filled-gallery.js';
import { createPicture } from '../../../fixtures/images.js';

describe('files of duplicates', () => {
  let filled: FilledGallery;
  let gallery: Gallery;
  let collection: Collection;
  let folder: string;
  let picture: Buffer;

  const add = async (key: string, image = picture): Promise<Item> => {
    const [outcome] = await collection.add([{ key, image }]);
    if (outcome.status === 'failed') throw new Error(outcome.message);
    return outcome.item;
  };
  const remove = async (goes: Item, { stays, originals }: { stays: Item; originals: FolderOfFiles }) => {
    const path = join(folder, 'undo.jsonl');
    const undo = await UndoWriter.create(path, {
      ...{ target: 'files', collection: 'default', folder, to: null },
    });
    const outcomes = await applyToFiles([{ goes, stays, tier: 'identical' }], {
      ...{ collection, action: 'delete', originals, to: undefined, undo },
      signal: new AbortController().signal,
      onDone: () => undefined,
    });
    await undo.close();
    return { reason: outcomes[0].leftBecause, steps: (await readUndoFile(path)).steps };
  };

  beforeEach(async () => {
    filled = await createFilledGallery({ count: 0 });
    gallery = await Gallery.open(filled.directory, { access: 'write', threads: 1 });
    collection = await gallery.collection('default');
    folder = await mkdtemp(join(tmpdir(), 'medoid-originals-'));
    picture = await createPicture('one');
  });
  afterEach(async () => {
    await gallery.close();
    await filled.remove();
    await rm(folder, { recursive: true });
  });

  it('stay where two keys are one file, as in a folder that does not tell capitals', async () => {
    const [stays, goes] = [await add('a.png'), await add('A.png')];
    await writeFile(join(folder, 'a.png'), picture);
    const originals = await FolderOfFiles.open(folder);
    const placeOf = originals.placeOf.bind(originals);
    originals.placeOf = path => placeOf(path.toLowerCase());
    expect(await remove(goes, { stays, originals })).toEqual({
      ...{ reason: 'it is the very file that is to stay', steps: [] },
    });
    expect(existsSync(join(folder, 'a.png'))).toBe(true);
  });

  it('stay where the gallery has got another picture in the place of theirs since', async () => {
    const [stays, goes] = [await add('a.png'), await add('b.png')];
    for (const key of ['a.png', 'b.png']) await writeFile(join(folder, key), picture);
    for (const key of ['a.png', 'b.png']) await add(key, await createPicture('another'));
    const { reason, steps } = await remove(goes, { stays, originals: await FolderOfFiles.open(folder) });
    expect([reason, steps]).toEqual([expect.stringMatching('the gallery has lost its picture'), []]);
    expect(existsSync(join(folder, 'b.png'))).toBe(true);
  });
});
