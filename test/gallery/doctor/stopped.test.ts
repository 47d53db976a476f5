import { cp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeEmbedding } from '../../../src/catalog/embedding-blob.js';
import { slowClock } from '../../fixtures/count-turns.js';
import { askDatabase, damageDatabase, examine, GalleryCopies } from '../../fixtures/examine.js';

describe('the doctor, stopped', () => {
  let copies: GalleryCopies;
  let directory: string;
  let restoreClock = (): void => undefined;

  beforeEach(async () => {
    copies = await GalleryCopies.create();
    directory = await copies.copy();
    restoreClock = slowClock();
  });
  afterEach(async () => {
    restoreClock();
    await copies.remove();
  });

  /** Something for every part of it to mend. */
  async function damageAll(): Promise<void> {
    const at = (name: string): string => join(directory, name);
    const bad = encodeEmbedding(new Float32Array(16)).toString('hex');
    damageDatabase(
      at('catalog.sqlite'),
      `UPDATE sqlite_sequence SET seq = 2 WHERE name = 'items'; DELETE FROM vectors WHERE item_id IN (3, 4);
       UPDATE vectors SET embedding = x'${bad}' WHERE item_id IN (5, 6); INSERT INTO vectors VALUES (90, 90, 1, x'00')`,
    );
    const files = (await readdir(at('images'), { recursive: true })).filter(name =>
      /[0-9a-f]{64}$/.test(name),
    );
    await rm(at(`images/${files[0]}`));
    await writeFile(at(`images/${files[1]}`), 'damaged');
    await writeFile(at(`images/${files[2].slice(0, 3)}odd`), 'mine');
    const [model] = await readdir(at('models'));
    await cp(at(`models/${model}`), at(`models/${model}.tmp`), { recursive: true });
    await rm(at(`models/${model}`), { recursive: true });
  }

  it('has done each thing wholly or not at all, whenever it is stopped, and mends the rest the next time', async () => {
    const from = join(copies.original.directory, 'images');
    let stops = 0;
    for (let at = 1; ; at += 3) {
      await damageAll();
      const stop = new AbortController();
      let steps = 0;
      const onProgress = (): void => {
        if (++steps === at) stop.abort();
      };
      const outcome = await examine(directory, { fix: true, from, signal: stop.signal, onProgress }).catch(
        error => error,
      );
      if (stop.signal.aborted && 'code' in outcome) expect(outcome.code).toBe('interrupted');
      const { findings } = await examine(directory, { fix: true, from });
      expect(findings).toEqual([]);
      expect(askDatabase(join(directory, 'catalog.sqlite'), 'SELECT count(*) FROM items')).toBe(12);
      expect(askDatabase(join(directory, 'catalog.sqlite'), 'SELECT count(*) FROM vectors')).toBe(12);
      for (const name of (await readdir(join(directory, 'quarantine'))).filter(name =>
        name.endsWith('odd'),
      )) {
        expect(await readFile(join(directory, 'quarantine', name), 'utf8')).toBe('mine');
      }
      if (!stop.signal.aborted) break;
      stops++;
    }
    expect(stops).toBeGreaterThan(10);
  });
});
