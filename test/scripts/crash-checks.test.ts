import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkGallery } from '../../scripts/crash/check-gallery.js';
import { IdBook } from '../../scripts/crash/id-book.js';
import { collectionThing, describeItem, itemThing, Ledger } from '../../scripts/crash/ledger.js';
import { MedoidClient } from '../../src/client/medoid-client.js';
import { hashImage } from '../../src/images/decode.js';
import { damageDatabase } from '../fixtures/examine.js';
import { createFilledGallery, type FilledGallery } from '../fixtures/filled-gallery.js';
import { type Running, startMedoid } from '../fixtures/run-medoid.js';

describe('a look at a gallery that was killed', () => {
  let filled: FilledGallery;
  let server: Running;
  let client: MedoidClient;
  let ledger: Ledger;
  beforeEach(async () => {
    filled = await createFilledGallery({ count: 5 });
    server = startMedoid(['serve', '--gallery', filled.directory, '--port', '0', '--json']);
    const [, line] = await server.seen(/^({"url":.*})$/m);
    client = new MedoidClient({ baseUrl: (JSON.parse(line) as { url: string }).url });
    ledger = new Ledger();
    const items = filled.pictures.map((bytes, i): [string, string] => {
      const text = { label: `label-${i % 3}`, metadata: { number: i }, imageSha256: hashImage(bytes) };
      return [itemThing('default', `picture-${i}.png`), describeItem(text)];
    });
    ledger.settle(new Map([[collectionThing('default'), 'there'], ...items]));
  });
  afterEach(async () => {
    server.child.kill('SIGKILL');
    await server.finished;
    await filled.remove();
  });

  const look = (ids = new IdBook()) => {
    const find = (sha256: string) => {
      const bytes = filled.pictures.find(picture => hashImage(picture) === sha256);
      return { bytes: bytes as Buffer, sha256 };
    };
    const pool = { find, get: () => Promise.reject(new Error('not asked for')) };
    return checkGallery({ client, ledger, ids, pool, looksAt: () => true });
  };

  it('finds nothing wrong where all is as it was acknowledged', async () => {
    const { wrong, checks } = await look();
    expect(wrong).toEqual([]);
    expect(checks).toBeGreaterThan(20);
  });

  it('looks whether each item is in one cluster, where items join any', async () => {
    const { checks: without } = await look();
    const { id } = await client.setClustering('default', { facilityCost: 1e-6 });
    await client.waitForJob(id);
    const { wrong, checks } = await look();
    expect([wrong, checks]).toEqual([[], without + 6]);
    const path = join(filled.directory, 'catalog.sqlite');
    damageDatabase(path, 'DELETE FROM members WHERE item_id = 2');
    expect((await look()).wrong).toEqual([
      expect.stringMatching(/^default: the items are 1,2,3,4,5, those in clusters 1,3,4,5$/),
    ]);
  });

  it('tells an item that is lost, one that nobody sent, and one that is otherwise', async () => {
    await client.deleteItem('default', 1);
    await client.updateItem('default', 2, { label: 'another' });
    await client.uploadItems('default', [{ key: 'ghost', bytes: filled.pictures[0] }]);
    const { wrong } = await look();
    expect(wrong.map(line => line.split(': ').slice(0, 2).join(': '))).toEqual([
      'lost: item default/picture-0.png',
      'other than acknowledged: item default/picture-1.png',
      'ghost: item default/ghost',
    ]);
  });

  it('tells a picture that is gone or damaged', async () => {
    const [gone, damaged] = filled.pictures.map(hashImage);
    const pathOf = (sha256: string) => join(filled.directory, 'images', sha256.slice(0, 2), sha256);
    await rm(pathOf(gone));
    const bytes = await readFile(pathOf(damaged));
    bytes[bytes.length >> 1] ^= 1;
    await writeFile(pathOf(damaged), bytes);
    const { wrong } = await look();
    expect(wrong).toEqual([
      expect.stringMatching(/picture-0\.png: its picture cannot be had/),
      expect.stringMatching(/picture-1\.png: its picture cannot be had/),
    ]);
  });

  it('tells an id that was of another item before', async () => {
    const ids = new IdBook();
    ids.note('item default/before', 3);
    ids.retire('item default/before');
    expect((await look(ids)).wrong).toEqual([
      expect.stringContaining('id 3 came back'),
      'item default/before, id 3, is gone, and answers',
    ]);
  });
});
