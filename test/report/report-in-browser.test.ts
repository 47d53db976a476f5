import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeReport } from '../../src/report/write-report.js';
import { createHistory, createReportedEmbeddings } from '../fixtures/run-report.js';

const executablePath = process.env.CHROMIUM_PATH ?? '/usr/bin/chromium';
const title = existsSync(executablePath)
  ? 'a report in a browser'
  : `a report in a browser (left out: there is no ${executablePath}; CHROMIUM_PATH says where a Chromium is)`;

describe.skipIf(!existsSync(executablePath))(title, () => {
  let folder: string;
  let file: string;
  let browser: Browser;

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-report-'));
    file = join(folder, 'run.html');
    const name = 'a-rather-long-name-of-a-model@0123456789abcdef0123456789abcdef';
    const values = { recallAt: { 1: 0.5, 2: 0.6, 4: 0.7 } };
    await writeReport(
      file,
      {
        title: `A run of ${name}`,
        facts: [['command', `medoid evaluate --model ${name}`]],
        history: createHistory(50),
        quality: ['exact', name, 'colour-histogram'].map(name => ({ name, values })),
        embeddings: createReportedEmbeddings({ images: 40, classes: 4, strays: 3 }),
      },
      { seed: 0 },
    );
    browser = await chromium.launch({
      executablePath,
      args: ['--no-sandbox', '--disable-gpu', '--disable-background-networking'],
    });
  });
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true });
  });

  it.each([390, 1280])(
    'fits a screen of %d pixels, asks nothing of anyone, and breaks no rule',
    async width => {
      const page = await browser.newPage({ viewport: { width, height: 800 } });
      const complaints: string[] = [];
      const asked: string[] = [];
      page.on('console', message => complaints.push(message.text()));
      page.on('pageerror', error => complaints.push(error.message));
      page.on('request', request => asked.push(request.url()));
      await page.goto(pathToFileURL(file).href);
      await page.locator('summary').click();
      const wide = await page.evaluate('document.documentElement.scrollWidth');
      expect(wide).toBe(width);
      const widths = await page.evaluate('Array.from(document.images, picture => picture.naturalWidth)');
      expect(widths).toHaveLength(12 * 9);
      for (const pixels of widths as number[]) expect(pixels).toBeGreaterThan(0);
      expect(complaints).toEqual([]);
      expect(asked.filter(address => !address.startsWith('data:'))).toEqual([pathToFileURL(file).href]);
      await page.close();
    },
  );

  it.each(['light', 'dark'] as const)('has colours of its own on a %s screen', async colorScheme => {
    const page = await browser.newPage({ colorScheme });
    await page.goto(pathToFileURL(file).href);
    const line = await page.evaluate(
      'getComputedStyle(document.querySelector(\'.panel path[stroke^="var("]\')).stroke',
    );
    expect(line).toBe({ light: 'rgb(68, 86, 214)', dark: 'rgb(142, 155, 255)' }[colorScheme]);
    await page.close();
  });
});
