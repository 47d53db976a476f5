import { createHash } from 'node:crypto';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createImageStore, type ImageStore } from '../../src/gallery/image-store.js';

const bytes = Buffer.from('what an image is does not matter here');
const sha256 = createHash('sha256').update(bytes).digest('hex');

describe('the image store', () => {
  let directory: string;
  let needed: Set<string>;
  /** Does what comes between, when the store asks whether an image is needed. */
  let whenAsked: () => void;
  let store: ImageStore;

  const files = async (): Promise<string[]> =>
    (await readdir(directory, { recursive: true })).filter(name => name.endsWith(sha256));

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'medoid-images-'));
    needed = new Set();
    whenAsked = () => undefined;
    store = createImageStore(directory, {
      isNeeded: hash => {
        whenAsked();
        return needed.has(hash);
      },
    });
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('keeps a file as long as it is needed or held, by however many', async () => {
    const [first, second] = [store.hold(sha256), store.hold(sha256)];
    await store.put(bytes, sha256);
    expect(await store.removeUnlessNeeded(sha256)).toBe('held');
    await first.release();
    await first.release();
    expect(await store.removeUnlessNeeded(sha256)).toBe('held');
    needed.add(sha256);
    await second.release();
    expect(await store.removeUnlessNeeded(sha256)).toBe('needed');
    needed.clear();
    expect((await store.read(sha256)).equals(bytes)).toBe(true);
    expect(await store.removeUnlessNeeded(sha256)).toBe('removed');
    expect(await files()).toEqual([]);
    expect(await store.removeUnlessNeeded(sha256)).toBe('removed');
  });

  it('removes what the last one lets go of and nothing needs, and what is held when it closes', async () => {
    const hold = store.hold(sha256);
    await store.put(bytes, sha256);
    await hold.release();
    expect(await files()).toEqual([]);
    store.hold(sha256);
    await store.put(bytes, sha256);
    await store.close();
    expect(await files()).toEqual([]);
  });

  it('has the bytes that are put while their file is being removed', async () => {
    for (let round = 0; round < 50; round++) {
      const first = store.hold(sha256);
      await store.put(bytes, sha256);
      let second = first;
      let putting = Promise.resolve();
      // Between the moment that it is found to be of no use and its end.
      whenAsked = () => {
        second = store.hold(sha256);
        putting = store.put(bytes, sha256);
      };
      await first.release();
      await putting;
      whenAsked = () => undefined;
      expect((await store.read(sha256)).equals(bytes)).toBe(true);
      await second.release();
    }
    expect(await files()).toEqual([]);
  });

  it('goes on after a put that failed', async () => {
    await rm(directory, { recursive: true });
    const unwritable = createImageStore(`${directory}\0`, { isNeeded: () => false });
    await expect(unwritable.put(bytes, sha256)).rejects.toThrow();
    await expect(unwritable.put(bytes, sha256)).rejects.toThrow();
    await store.put(bytes, sha256);
    expect(await files()).toHaveLength(1);
  });

  it('puts a whole file in the place of one that is damaged, of whatever length', async () => {
    store.hold(sha256);
    for (const damaged of [Buffer.from(bytes).reverse(), bytes.subarray(1), Buffer.alloc(0)]) {
      await store.put(bytes, sha256);
      await writeFile(join(directory, (await files())[0]), damaged);
      await expect(store.read(sha256)).rejects.toThrow(expect.objectContaining({ code: 'invalid-gallery' }));
      await store.put(bytes, sha256);
      expect((await store.read(sha256)).equals(bytes)).toBe(true);
    }
  });
});
