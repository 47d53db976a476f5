import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Gallery } from '../../src/gallery/gallery.js';
import { createFilledGallery, type FilledGallery } from '../fixtures/filled-gallery.js';
import { createPicture } from '../fixtures/images.js';
import { runMedoid } from '../fixtures/run-medoid.js';

describe('medoid dedupe', () => {
  let filled: FilledGallery;
  let smaller: string;
  const run = (...args: string[]) => runMedoid('dedupe', '--gallery', filled.directory, ...args);

  beforeAll(async () => {
    filled = await createFilledGallery({ count: 4 });
    const gallery = await Gallery.open(filled.directory, { access: 'write', threads: 1 });
    const collection = await gallery.collection('default');
    const original = await createPicture('original', { width: 120, height: 90 });
    const small = await sharp(original).resize(60).png().toBuffer();
    const outcomes = await collection.add([
      { key: 'small, "quoted"', image: small },
      { key: 'original', image: original },
      { key: 'copy', image: original },
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['added', 'added', 'added']);
    smaller = collection.getItem(5).imageSha256;
    await gallery.close();
  });
  afterAll(() => filled.remove());

  it('tells people what shows the same as what', async () => {
    const { exitCode, stdout } = await run('--max-distance', '0.1');
    expect(exitCode).toBe(0);
    expect(stdout).toMatch(
      /^tier +distance +bits +id +key +duplicate of +its id\nidentical +0\.0000 +0 +7 +copy +original +6\n/,
    );
    expect(stdout).toMatch(/same-picture +0\.\d{4} +\d+ +5 +small, "quoted" +original +6\n/);
    expect(stdout).toMatch(/\n1 groups, 2 duplicates: 1 identical, 1 same-picture, 0 near\.\n$/);
  });

  it('tells machines, and writes a table and a page', async () => {
    const [csv, report] = [join(filled.folder, 'groups.csv'), join(filled.folder, 'groups.html')];
    const { exitCode, stdout } = await run(
      '--json',
      '--csv',
      csv,
      '--report',
      report,
      '--tiers',
      'identical',
    );
    expect(exitCode).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      groups: [
        {
          representative: { id: 6, key: 'original', width: 120, height: 90 },
          items: [{ id: 7, key: 'copy', tier: 'identical', distance: 0, hashDistance: 0 }],
        },
      ],
      tiers: { identical: 1, 'same-picture': 0 },
      maxDistance: 0.15,
      unreadable: [],
      csv,
      report,
    });
    const [names, first, second] = (await readFile(csv, 'utf8')).split('\r\n');
    expect(names).toBe('representative,tier,distance,hashDistance,id,key,label,width,height,bytes');
    expect(first).toMatch(/^6,,,,6,original,,120,90,\d+$/);
    expect(second).toMatch(/^6,identical,0,0,7,copy,,120,90,\d+$/);
    const page = await readFile(report, 'utf8');
    expect(page.match(/<img src="data:image\/jpeg;base64,/g)).toHaveLength(2);
  });

  it.each([
    [['--tiers', 'alike'], /tiers/],
    [['--max-distance', '3'], /max-distance/],
    [['--report', 'page.txt'], /ends in \.html/],
    [['--csv', 'table.txt'], /ends in \.csv/],
  ])('refuses %j', async (args, reason) => {
    const { exitCode, stderr } = await run(...args);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(reason);
  });

  it('passes over no option in silence', async () => {
    const decided = ['--decide', 'keep', '--item-ids', '1,2'];
    const refused: [string[], string][] = [
      [[...decided, '--csv', 'groups.csv'], '--csv: expected no --decide with it'],
      [['--undo', 'undo.jsonl', '--tiers', 'near'], '--tiers: expected no --undo with it'],
      [['--undo', 'undo.jsonl', '--originals', '.'], '--originals: expected --apply with it'],
      [['--apply', 'delete', '--item-ids', '1,2'], '--item-ids: expected --decide with it'],
    ];
    for (const [options, complaint] of refused) {
      const { exitCode, stderr } = await run(...options);
      expect([exitCode, stderr]).toEqual([2, expect.stringContaining(complaint)]);
    }
  });

  it('refuses a folder that no report can be written in before it looks for anything', async () => {
    const { exitCode, stderr } = await run('--report', join(filled.folder, 'nowhere', 'page.html'));
    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(/expected a folder to write the report in/);
  });

  it('says whose picture cannot be read, answers all the same, and does not call it success', async () => {
    await rm(join(filled.directory, 'images', smaller.slice(0, 2), smaller));
    const { exitCode, stdout } = await run(
      '--max-distance',
      '2',
      '--report',
      join(filled.folder, 'page.html'),
    );
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^item 5: its picture cannot be read\n/);
    expect(stdout).toMatch(/near +0\.\d{4} +\d+ +5 +small, "quoted" +original +6\n/);
    expect(await readFile(join(filled.folder, 'page.html'), 'utf8')).toContain('picture cannot be read');
  });
});
