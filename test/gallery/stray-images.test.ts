import { createHash } from 'node:crypto';
import { access, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Catalog } from '../../src/catalog/catalog.js';
import { Gallery } from '../../src/gallery/gallery.js';
import { createImageStore } from '../../src/gallery/image-store.js';
import { StrayImages } from '../../src/gallery/stray-images.js';
import { slowClock } from '../fixtures/count-turns.js';
import { createFilledGallery } from '../fixtures/filled-gallery.js';
import { createPicture } from '../fixtures/images.js';

const hash = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

describe('images that nothing refers to', () => {
  let directory: string;
  let restoreClock = (): void => undefined;
  const notices: string[] = [];
  const notify = (message: string): void => void notices.push(message);

  const pathOf = (sha256: string): string => join(directory, sha256.slice(0, 2), sha256);
  const isThere = (path: string): Promise<boolean> =>
    access(path).then(
      () => true,
      () => false,
    );
  const write = async (path: string): Promise<void> => {
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, 'bytes');
  };

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'medoid-stray-'));
    notices.length = 0;
  });
  afterEach(async () => {
    restoreClock();
    await rm(directory, { recursive: true, force: true });
  });

  it('are removed when a gallery is opened for writing, while it is used, and others stay', async () => {
    const filled = await createFilledGallery({ count: 3 });
    const stray = Array.from({ length: 50 }, (_, i) => hash(`stray ${i}`));
    directory = join(filled.directory, 'images');
    const added = await createPicture(7);
    // One of those left behind is added again at once, another is what a job needs.
    const needed = hash('of a job');
    for (const sha256 of [...stray, needed, hash(added)]) await write(pathOf(sha256));
    await write(join(directory, 'ab', 'notes.txt'));
    await write(join(directory, 'ab', hash('in the wrong folder').replace(/^../, 'cd')));
    const catalog = Catalog.open(join(filled.directory, 'catalog.sqlite'), { access: 'write' });
    const input = { items: [{ key: 'later', imageSha256: needed, label: null, metadata: {} }] };
    catalog.jobs.add({ kind: 'add-items', collectionId: 1, input });
    catalog.close();
    const reader = await Gallery.open(filled.directory, { access: 'read', threads: 1 });
    await reader.close();
    expect(await isThere(pathOf(stray[0]))).toBe(true);
    const gallery = await Gallery.open(filled.directory, { access: 'write', threads: 1, onNotice: notify });
    const collection = await gallery.collection('default');
    await collection.add([{ key: 'again', image: added }]);
    while ((await Promise.all(stray.map(sha256 => isThere(pathOf(sha256))))).includes(true)) {
      await collection.searchByImage(added, { k: 1 });
    }
    for (const id of [1, 2, 3, 4]) expect((await collection.readImage(id)).bytes.length).toBeGreaterThan(0);
    await gallery.close();
    expect(await isThere(pathOf(needed))).toBe(true);
    expect(await isThere(join(directory, 'ab', 'notes.txt'))).toBe(true);
    expect(await isThere(join(directory, 'ab', hash('in the wrong folder').replace(/^../, 'cd')))).toBe(true);
    expect(notices).toEqual([]);
    await filled.remove();
  });

  it('stay while they are held, and are looked for in turns that can be ended', async () => {
    const names = Array.from({ length: 100 }, (_, i) => hash(`stray ${i}`));
    for (const name of names) await write(pathOf(name));
    const images = createImageStore(directory, { isNeeded: name => name === names[0] });
    const hold = images.hold(names[1]);
    restoreClock = slowClock();
    const stopped = new StrayImages({ directory, images, notify });
    stopped.start();
    await stopped.close();
    const left = await Promise.all(names.map(name => isThere(pathOf(name))));
    expect(left.filter(Boolean).length).toBeGreaterThan(80);
    const whole = new StrayImages({ directory, images, notify });
    whole.start();
    for (let there = names.length; there > 2; ) {
      there = (await Promise.all(names.map(name => isThere(pathOf(name))))).filter(Boolean).length;
    }
    await whole.close();
    await hold.release();
    expect(await Promise.all(names.slice(0, 2).map(name => isThere(pathOf(name))))).toEqual([true, false]);
    expect(notices).toEqual([]);
  });

  it('stay, and are told of, when they are more than a process that was killed can have left', async () => {
    const names = Array.from({ length: 1001 }, (_, i) => hash(`stray ${i}`));
    for (const name of names) await write(pathOf(name));
    const images = createImageStore(directory, { isNeeded: name => name === names[0] });
    const countThere = async (): Promise<number> =>
      (await Promise.all(names.map(name => isThere(pathOf(name))))).filter(Boolean).length;
    const oneMore = pathOf(hash('one more'));
    await write(oneMore);
    const tooMany = new StrayImages({ directory, images, notify });
    tooMany.start();
    await expect
      .poll(() => notices)
      .toEqual([expect.stringMatching(/^more than 1000 pictures belong to no item/)]);
    await tooMany.close();
    expect(await countThere()).toBe(1001);
    await rm(oneMore);
    const fewEnough = new StrayImages({ directory, images, notify });
    fewEnough.start();
    await expect.poll(countThere).toBe(1);
    await fewEnough.close();
    expect(notices).toHaveLength(1);
  });

  it('are told of when they cannot be looked for', async () => {
    const missing = join(directory, 'none');
    const stray = new StrayImages({
      directory: missing,
      images: createImageStore(missing, { isNeeded: () => false }),
      notify,
    });
    stray.start();
    await stray.close();
    expect(notices).toEqual([expect.stringMatching(/could not be looked through: ENOENT/)]);
  });
});
