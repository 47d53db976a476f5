import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Catalog } from '../../../src/catalog/catalog.js';
import { confirmSuspicion } from '../../../src/gallery/doctor/confirm-suspicion.js';
import { damageDatabase } from '../../fixtures/examine.js';
import { createFilledGallery, type FilledGallery } from '../../fixtures/filled-gallery.js';

describe('a suspicion', () => {
  let filled: FilledGallery;
  let catalog: Catalog;
  /** As another process does. */
  const write = (sql: string): void => damageDatabase(join(filled.directory, 'catalog.sqlite'), sql);
  const isThere = (id: number): boolean => catalog.findItem(1, id) !== undefined;

  beforeEach(async () => {
    filled = await createFilledGallery({ count: 2 });
    catalog = Catalog.open(join(filled.directory, 'catalog.sqlite'), { access: 'read' });
  });
  afterEach(async () => {
    catalog.close();
    await filled.remove();
  });

  it('is dropped when what it is about has gone while it was looked at', async () => {
    let looks = 0;
    const confirmed = await confirmSuspicion(catalog, async () => {
      const holds = isThere(1);
      // After it was seen to be needed it goes, and its file with it.
      if (++looks === 1) write('DELETE FROM items WHERE id = 1');
      return holds;
    });
    expect(confirmed).toBe(false);
    expect(looks).toBe(2);
  });

  it('is looked at again as often as somebody writes, and confirmed when nobody has', async () => {
    let looks = 0;
    const confirmed = await confirmSuspicion(catalog, async () => {
      if (++looks < 4) write(`UPDATE items SET label = 'look ${looks}' WHERE id = 2`);
      return isThere(1);
    });
    expect(confirmed).toBe(true);
    expect(looks).toBe(4);
  });

  it('is confirmed in the end though somebody writes all the time', async () => {
    let looks = 0;
    const confirmed = await confirmSuspicion(catalog, async () => {
      write(`UPDATE items SET label = 'look ${++looks}' WHERE id = 2`);
      return true;
    });
    expect(confirmed).toBe(true);
    expect(looks).toBe(100);
  });
});
