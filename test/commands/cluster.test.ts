import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Gallery } from '../../src/gallery/gallery.js';
import { createFilledGallery, type FilledGallery } from '../fixtures/filled-gallery.js';
import { runMedoid, startMedoid } from '../fixtures/run-medoid.js';

/** Pictures of one colour and a little noise, so that those of a colour lie near each other. */
const paint = (colour: string, seed: number): Promise<Buffer> =>
  sharp({ create: { width: 40 + seed, height: 32, channels: 3, background: colour } })
    .composite([{ input: Buffer.from(`<svg><rect width="${4 + seed}" height="3" fill="white"/></svg>`) }])
    .png()
    .toBuffer();

const colours = ['red', 'green', 'blue'];

describe('medoid cluster', () => {
  let filled: FilledGallery;
  let lost: string;
  const run = (...args: string[]) => runMedoid('cluster', '--gallery', filled.directory, ...args);

  beforeAll(async () => {
    filled = await createFilledGallery({ count: 0 });
    const gallery = await Gallery.open(filled.directory, { access: 'write', threads: 1 });
    const collection = await gallery.collection('default');
    for (const [i, colour] of colours.entries()) {
      const images = await Promise.all(Array.from({ length: 5 - i }, (_, seed) => paint(colour, seed)));
      await collection.add(images.map((image, n) => ({ key: `${colour} "${n}"`, image, label: colour })));
    }
    lost = collection.getItem(11).imageSha256;
    await gallery.close();
  });
  afterAll(() => filled.remove());

  it('tells people what stands for what, as many clusters as lie apart', async () => {
    const { exitCode, stdout } = await run();
    expect(exitCode).toBe(0);
    const [names, ...lines] = stdout.trimEnd().split('\n');
    expect(names).toMatch(/^cluster +size +mean distance +silhouette +purity +label +medoid$/);
    const rows = lines.slice(0, 3).map(line => line.split(/ {2,}/));
    expect(rows.map(([number, size, , , purity, label]) => [number, size, purity, label])).toEqual([
      ['1', '5', '1.0000', 'red'],
      ['2', '4', '1.0000', 'green'],
      ['3', '3', '1.0000', 'blue'],
    ]);
    for (const [, , distance, silhouette, , label, medoid] of rows) {
      expect([distance, silhouette].join()).toMatch(/^0\.\d{4},0\.\d{4}$/);
      expect(medoid).toMatch(new RegExp(`^${label} "\\d"$`));
    }
    expect(lines[3]).toMatch(
      /^12 items in 3 clusters, energy \d+\.\d{4}, silhouette 0\.\d{4}, purity 1\.0000\.$/,
    );
  });

  it('tells machines, and writes a table and a page', async () => {
    const [csv, report] = [join(filled.folder, 'clusters.csv'), join(filled.folder, 'clusters.html')];
    const { exitCode, stdout } = await run('--json', '--csv', csv, '--report', report, '--clusters', 'elbow');
    expect(exitCode).toBe(0);
    const { clusters, ...rest } = JSON.parse(stdout);
    expect(clusters).toMatchObject([{ label: 'red' }, { label: 'green' }, { label: 'blue' }]);
    expect(rest).toMatchObject({ items: 12, purity: 1, method: 'facility-location', csv, report });
    const [names, ...rows] = (await readFile(csv, 'utf8')).split('\r\n').slice(0, -1);
    expect(names).toBe('cluster,id,key,label,distance,medoid');
    expect(rows).toHaveLength(12);
    const { medoid } = clusters[1];
    expect(rows[5]).toMatch(new RegExp(`^2,${medoid},"green ""\\d""",green,0,${medoid}$`));
    const page = await readFile(report, 'utf8');
    expect(page.match(/<img src="data:image\/jpeg;base64,/g)).toHaveLength(12);
    expect(page).toContain('Cluster 2: 4 items');
  });

  it('clusters what a filter holds for, what is named, and with k-means', async () => {
    const filter = JSON.stringify({ field: 'label', in: ['red', 'blue'] });
    const two = ['--filter', filter, '--clusters', '2', '--method', 'k-means', '--seed', '3', '--json'];
    expect(JSON.parse((await run(...two)).stdout)).toMatchObject({
      ...{ items: 8, method: 'k-means', clusters: [{ label: 'red' }, { label: 'blue' }] },
    });
    const named = ['--item-ids', '1,6, 2', '--facility-cost', '0.1', '--most-clusters', '2', '--json'];
    expect(JSON.parse((await run(...named)).stdout)).toMatchObject({
      clusters: [{ size: 2, label: 'red' }, { members: [{ id: 6, distance: 0 }] }],
    });
  });

  it.each([
    [['--clusters', 'many'], /^.*--clusters "many": expected a number, elbow or silhouette/],
    [['--clusters', '0'], /--clusters: .*>=1/],
    [['--clusters', '2.5'], /--clusters: expected a number from 1 to 10000/],
    [['--method', 'k-means'], /--clusters: expected a number with the method k-means/],
    [
      ['--method', 'k-means', '--clusters', '2', '--facility-cost', '1'],
      /--facility-cost: expected it with the method facility-location only/,
    ],
    [['--clusters', '2', '--most-clusters', '5'], /--most-clusters: expected it only where/],
    [['--filter', 'label=red'], /--filter "label=red": expected JSON/],
    [['--filter', '{"field":"colour","equals":1}'], /--filter .*expected id, key/],
    [['--item-ids', '1,two'], /--item-ids "1,two": .*expected ids, which are whole numbers/],
    [['--item-ids', '1', '--filter', '{"field":"id","equals":1}'], /--item-ids: expected filter or itemIds/],
    [['--report', 'page.txt'], /ends in \.html/],
    [['--csv', 'table.html'], /ends in \.csv/],
  ])('refuses %j', async (args, reason) => {
    const { exitCode, stderr } = await run(...args);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(reason);
  });

  it('says which items there are none of, and which collection', async () => {
    const { exitCode, stderr } = await run('--item-ids', '1,77');
    expect([exitCode, stderr]).toEqual([1, expect.stringMatching(/the collection has no item 77/)]);
    expect((await run('--collection', 'other')).exitCode).toBe(1);
  });

  it('reads beside a server that serves the gallery', async () => {
    const server = startMedoid(['serve', '--gallery', filled.directory, '--port', '0']);
    await server.seen(/http:\/\/127\.0\.0\.1:\d+/);
    expect((await run('--clusters', '3')).exitCode).toBe(0);
    server.child.kill('SIGTERM');
    expect((await server.finished).exitCode).toBe(0);
  });

  it('shows on the page whose picture cannot be read, and does not call it success', async () => {
    await rm(join(filled.directory, 'images', lost.slice(0, 2), lost));
    const page = join(filled.folder, 'page.html');
    const { exitCode, stdout, stderr } = await run('--clusters', '3', '--report', page);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/12 items in 3 clusters/);
    expect(stderr).toMatch(/item 11: its picture cannot be read/);
    expect((await readFile(page, 'utf8')).match(/picture cannot be read/g)).toHaveLength(1);
  });
});
