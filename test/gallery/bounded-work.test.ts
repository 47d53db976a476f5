import { availableParallelism } from 'node:os';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createBoundedWork } from '../../src/gallery/bounded-work.js';
import { Gallery } from '../../src/gallery/gallery.js';
import { createFilledGallery, type FilledGallery } from '../fixtures/filled-gallery.js';
import { createGate } from '../fixtures/gate.js';

const overloaded = expect.objectContaining({ code: 'overloaded' });

describe('bounded work', () => {
  it('goes on so much at once, and is refused when so much waits', async () => {
    const gate = createGate();
    let began = 0;
    const bounded = createBoundedWork({ atOnce: 2, mostWaiting: 3 });
    const work = async (): Promise<string> => {
      began++;
      await gate.pass();
      return 'done';
    };
    const accepted = [1, 2, 3, 4, 5].map(() => bounded(work));
    await expect(bounded(work)).rejects.toThrow(overloaded);
    await gate.reached();
    expect(began).toBe(2);
    gate.stayOpen();
    expect(await Promise.all(accepted)).toEqual(Array(5).fill('done'));
    expect(await bounded(work)).toBe('done');
  });

  it('goes on after work that failed', async () => {
    const bounded = createBoundedWork({ atOnce: 1, mostWaiting: 0 });
    for (let i = 0; i < 3; i++) {
      await expect(bounded(() => Promise.reject(new Error('failed')))).rejects.toThrow('failed');
    }
  });
});

describe('pictures to show', () => {
  let filled: FilledGallery;
  let gallery: Gallery;

  beforeEach(async () => {
    filled = await createFilledGallery({ count: 2 });
    gallery = await Gallery.open(filled.directory, { access: 'read', threads: 1 });
  });
  afterEach(async () => {
    await gallery.close();
    await filled.remove();
  });

  it('are made so many at once, and refused when too many wait', async () => {
    const collection = await gallery.collection('default');
    const render = () => collection.renderImage(1, { side: 16, format: 'webp' });
    const asked = Array.from({ length: 2 * availableParallelism() + 256 + 5 }, render);
    const ends = await Promise.allSettled(asked);
    const refused = ends.filter(({ status }) => status === 'rejected');
    expect(refused).toHaveLength(5);
    for (const { reason } of refused as PromiseRejectedResult[]) expect(reason).toEqual(overloaded);
    expect((await render()).length).toBeGreaterThan(0);
  });
});
