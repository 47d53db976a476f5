import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MedoidError } from '../../src/errors.js';
import { renderReport } from '../../src/report/render-report.js';
import { requireReportPath } from '../../src/report/require-report-path.js';
import type { ReportedQuality, RunReport } from '../../src/report/run-report.js';
import { writeReport } from '../../src/report/write-report.js';
import { createHistory, createReportedEmbeddings } from '../fixtures/run-report.js';

const quality: ReportedQuality = {
  name: 'exact',
  values: {
    recallAt: { 1: 0.5, 8: 0.9 },
    precisionAt: { 1: 0.5, 8: 0.25 },
    rPrecision: 0.3,
    mapAtR: 0.2,
    nmi: { geometric: 0.61, arithmetic: 0.62 },
    ami: 0.4,
    ari: 0.3,
    f1: 0.35,
  },
};

const whole: RunReport = {
  title: 'A run',
  facts: [['network', 'resnet']],
  warnings: ['All embeddings are alike.'],
  history: createHistory(3),
  quality: [quality],
  worst: [
    {
      ...{ label: '<b>tea</b>', queries: 4, recallAt1: 0.25, rPrecision: 0.3, mapAtR: 0.125 },
      mistakenFor: { label: 'cola & co', queries: 2 },
    },
  ],
  embeddings: createReportedEmbeddings({ images: 60, classes: 3, strays: 4 }),
};

const count = (text: string, pattern: RegExp): number => [...text.matchAll(pattern)].length;
const sections = (page: string): string[] => [...page.matchAll(/<h2>(.*?)<\/h2>/g)].map(([, name]) => name);
const withoutPictures = (page: string): string => page.replaceAll(/base64,[\w+/=]+/g, 'base64,');
const bodyOf = (page: string): string => page.slice(page.indexOf('<body>'));

describe('the report of a run', () => {
  it('tells everything it is given, warnings first', async () => {
    const page = withoutPictures(await renderReport(whole, { seed: 0 }));
    expect(sections(page)).toEqual([
      ...['Warnings', 'Run', 'Quality', 'Worst classes', 'Training', 'Nearest neighbours', 'Map'],
    ]);
    expect(page).toContain('<bdi>&lt;b&gt;tea&lt;/b&gt;</bdi></th><td>4</td><td>0.2500</td>');
    expect(page).toContain('<bdi>cola &amp; co</bdi> (2 of 4)');
    expect(page).toContain('All embeddings are alike.');
    expect(page).toContain('<dt>network</dt><dd><bdi>resnet</bdi></dd>');
    expect(page).toContain('<th scope="row">Recall@8</th><td>0.9000</td>');
    expect(page).toContain('<th scope="row">NMI, arithmetic</th><td>0.6200</td>');
    // Recall@K and Precision@K, then loss, Recall@1, three terms and the learning rate.
    expect(count(page, /<div class="chart" role="img" aria-label="[^"]+"><svg /g)).toBe(2 + 6);
  });

  it('leaves out what it is not given', async () => {
    const page = await renderReport({ title: 'Nothing', facts: [] }, { seed: 0 });
    expect(sections(page)).toEqual(['Run']);
  });

  it('is the same for the same run and seed, and another one for another seed', async () => {
    const [first, again, other] = [
      await renderReport(whole, { seed: 3 }),
      await renderReport(whole, { seed: 3 }),
      await renderReport(whole, { seed: 4 }),
    ];
    expect(again === first).toBe(true);
    expect(other === first).toBe(false);
  });

  it('needs nothing outside itself and runs nothing', async () => {
    const page = await renderReport(whole, { seed: 0 });
    const policy = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)?.[1];
    expect(policy?.replaceAll('&#39;', "'")).toMatch(
      /^default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'$/,
    );
    expect(withoutPictures(page)).not.toMatch(/<script|<link|<iframe|<object|<base|@import|url\(|\son\w+=/i);
    const addresses = [...page.matchAll(/\s(?:src|href|xlink:href|srcset|action)\s*=\s*"([^"]*)"/g)];
    expect(addresses.length).toBeGreaterThan(20);
    for (const [, address] of addresses) expect(address).toMatch(/^data:image\/webp;base64,[\w+/=]+$/);
    // Several drawings in one page must not share names.
    expect(withoutPictures(page)).not.toMatch(/\sid="/);
  });

  it('takes names for text, whatever they say', async () => {
    const hostile = `"><script>alert('x')</script><img src=x onerror=alert(1)>&lt;`;
    const { embeddings, history } = whole as Required<RunReport>;
    const hostilePage = await renderReport(
      {
        title: hostile,
        facts: [[hostile, hostile]],
        warnings: [hostile],
        history: history.map(epoch => ({ ...epoch, terms: { [hostile]: 1 } })),
        quality: [quality, { ...quality, name: hostile }],
        embeddings: {
          ...embeddings,
          classNames: embeddings.classNames.map(name => name + hostile),
          names: embeddings.names.map(name => name + hostile),
        },
      },
      { seed: 0 },
    );
    const page = withoutPictures(hostilePage);
    expect(page).not.toMatch(/<script/i);
    expect(page).not.toContain('<img src=x');
    // Every quotation mark of a name is one of text: no attribute ends early.
    const tags = [...bodyOf(page).matchAll(/<[a-z][^>]*>/g)].map(([tag]) => tag);
    for (const tag of tags) expect(tag).toMatch(/^<[a-z]\w*(\s+[\w:-]+(="[^"<]*")?)*\s*\/?>$/i);
    expect(page).toContain('&lt;script&gt;alert');
    expect(page).toContain('&amp;lt;');
  });
});

describe('the nearest-neighbour sheet', () => {
  const sheetOf = async (embeddings: RunReport['embeddings']): Promise<string> => {
    const page = await renderReport({ title: 'Sheet', facts: [], embeddings } as RunReport, { seed: 0 });
    return withoutPictures(page.slice(page.indexOf('<h2>Nearest neighbours'), page.indexOf('<h2>Map')));
  };

  it('marks right and wrong by sign, and shows half of each where there are enough', async () => {
    const sheet = await sheetOf(createReportedEmbeddings({ images: 90, classes: 3, strays: 8 }));
    expect(count(sheet, /class="asked"/g)).toBe(12);
    const lists = sheet.split('class="found"').slice(1);
    const nearest = lists.map(list => /<li class="(\w+)"/.exec(list)?.[1]);
    expect(nearest).toEqual([...Array(6).fill('wrong'), ...Array(6).fill('right')]);
    for (const list of lists) {
      expect(count(list, /<li class="(right|wrong)"/g)).toBe(8);
      expect(count(list, /<li class="right"/g)).toBe(count(list, /✓/g));
      expect(count(list, /<li class="wrong"/g)).toBe(count(list, /✗/g));
    }
  });

  it('shows right ones only where nothing is wrong', async () => {
    const sheet = await sheetOf(createReportedEmbeddings({ images: 90, classes: 3 }));
    expect(count(sheet, /class="asked"/g)).toBe(12);
    expect(count(sheet, /✗/g)).toBe(0);
  });

  it('spreads over the classes', async () => {
    const sheet = await sheetOf(createReportedEmbeddings({ images: 48, classes: 6 }));
    const asked = [...sheet.matchAll(/<strong><bdi>(class \d)<\/bdi>/g)].map(([, name]) => name);
    expect(new Set(asked).size).toBe(6);
  });

  it('asks the queries and finds in the gallery', async () => {
    const embeddings = createReportedEmbeddings({ images: 30, classes: 3 });
    const sheet = await sheetOf({
      ...embeddings,
      rows: { queries: [0, 1, 2], gallery: Array.from({ length: 20 }, (_, i) => 10 + i) },
    });
    const asked = [...sheet.matchAll(/<bdi class="soft">image-(\d+)\.png/g)].map(([, number]) =>
      Number(number),
    );
    expect(asked.sort()).toEqual([0, 1, 2]);
    expect(sheet).not.toMatch(/title="image-[3-9]\.png"/);
  });

  it('says so where no query can find anything', async () => {
    for (const images of [0, 1, 3]) {
      const sheet = await sheetOf(createReportedEmbeddings({ images, classes: 3 }));
      expect(sheet).toContain('No image has another of its class to be found.');
    }
  });
});

describe('the map', () => {
  const mapOf = async (report: Partial<RunReport>, mapPoints?: number): Promise<string> => {
    const options = mapPoints === undefined ? { seed: 0 } : { seed: 0, mapPoints };
    const page = await renderReport({ title: 'Map', facts: [], ...report }, options);
    return withoutPictures(page.slice(page.indexOf('<h2>Map')));
  };

  it('has every image as a point that tells its class, and some as pictures', async () => {
    const map = await mapOf({ embeddings: createReportedEmbeddings({ images: 40, classes: 4 }) });
    expect(count(map, /<circle [^>]+><title>class \d · image-\d+\.png<\/title>/g)).toBe(40);
    const pictures = count(map, /<image [^>]*href="data:/g);
    expect(pictures).toBeGreaterThan(3);
    expect(pictures).toBeLessThanOrEqual(40);
    expect(map).toContain('All 40 images');
  });

  it('draws a sample where there are too many, and says so', async () => {
    const map = await mapOf({ embeddings: createReportedEmbeddings({ images: 40, classes: 4 }) }, 20);
    expect(count(map, /<circle /g)).toBe(20);
    expect(map).toContain('A sample of 20 of 40 images');
  });

  it('keeps every point within its frame', async () => {
    const map = await mapOf({ embeddings: createReportedEmbeddings({ images: 40, classes: 2 }) });
    const [, width, height] = /viewBox="0 0 (\d+) (\d+)"/.exec(map) ?? [];
    for (const [, x, y] of map.matchAll(/<circle cx="([^"]+)" cy="([^"]+)"/g)) {
      expect(Number(x)).toBeGreaterThan(0);
      expect(Number(x)).toBeLessThan(Number(width));
      expect(Number(y)).toBeGreaterThan(0);
      expect(Number(y)).toBeLessThan(Number(height));
    }
  });

  it.each([1, 2, 3])('has a place for %d images', async images => {
    const map = await mapOf({ embeddings: createReportedEmbeddings({ images, classes: 1 }) });
    expect(count(map, /<circle cx="[\d.]+" cy="[\d.]+"/g)).toBe(images);
  });

  it('says so where there is nothing', async () => {
    expect(await mapOf({ embeddings: createReportedEmbeddings({ images: 0, classes: 1 }) })).toContain(
      'There are no images.',
    );
  });
});

describe('the training curves', () => {
  const pageOf = (history: RunReport['history']): Promise<string> =>
    renderReport({ title: 'Training', facts: [], history } as RunReport, { seed: 0 });

  it.each([1, 3, 300])('are drawn of %d epochs, each within its own scale', async epochs => {
    const page = await pageOf(createHistory(epochs));
    const charts = page.split('<figure').slice(1);
    expect(charts).toHaveLength(6);
    for (const chart of charts) expect(chart).not.toMatch(/NaN|Infinity/);
    expect(count(page, /<tr><th scope="row">\d+<\/th>/g)).toBe(epochs);
    // A lone epoch is seen only by its point.
    expect(count(charts[0], /role-mark layer_1_marks/g)).toBe(epochs === 300 ? 0 : 1);
  });

  it('leave out Recall@1 without held-out classes, and say so', async () => {
    const page = await pageOf(createHistory(3).map(epoch => ({ ...epoch, recallAt1: null })));
    expect(count(page, /<figure/g)).toBe(5);
    expect(page).toContain('No classes were held out');
  });

  it('say so when no epoch was finished', async () => {
    expect(await pageOf([])).toContain('No epoch was finished.');
  });
});

describe('several measurements', () => {
  it('stand side by side, with a dash for what was not measured', async () => {
    const other = { name: 'index', values: { recallAt: { 1: 0.45, 4: 0.7 } } };
    const page = await renderReport({ title: 'Two', facts: [], quality: [quality, other] }, { seed: 0 });
    const rowOf = (metric: string) => new RegExp(`<th scope="row">${metric}</th>(.*?)</tr>`).exec(page)?.[1];
    expect(rowOf('Recall@1')).toBe('<td>0.5000</td><td>0.4500</td>');
    expect(rowOf('Recall@4')).toBe('<td>–</td><td>0.7000</td>');
    expect(rowOf('ARI')).toBe('<td>0.3000</td><td>–</td>');
  });
});

describe('writing a report', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-report-'));
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('leaves one file', async () => {
    const path = join(folder, 'run.html');
    await writeReport(path, whole, { seed: 0 });
    await writeReport(path, whole, { seed: 1 });
    expect(await readdir(folder)).toEqual(['run.html']);
    expect(await readFile(path, 'utf8')).toBe(await renderReport(whole, { seed: 1 }));
  });

  it('leaves the old one when it is stopped or a picture is gone', async () => {
    const path = join(folder, 'old.html');
    await writeReport(path, { title: 'Old', facts: [] }, { seed: 0 });
    const stopped = writeReport(path, whole, { seed: 0, signal: AbortSignal.abort() });
    await expect(stopped).rejects.toMatchObject({ code: 'interrupted' });
    const thumbnail = () => Promise.reject(new MedoidError('file-not-found', 'gone'));
    const embeddings = { ...createReportedEmbeddings({ images: 9, classes: 3 }), thumbnail };
    await expect(writeReport(path, { ...whole, embeddings }, { seed: 0 })).rejects.toMatchObject({
      code: 'file-not-found',
    });
    expect(await readFile(path, 'utf8')).toContain('<h1>Old</h1>');
  });

  it('refuses a path that cannot be written to beforehand', async () => {
    await expect(requireReportPath(join(folder, 'new.html'))).resolves.toBeUndefined();
    for (const path of [join(folder, 'none', 'run.html'), folder]) {
      await expect(requireReportPath(path)).rejects.toMatchObject({ code: 'file-unusable' });
    }
  });
});
