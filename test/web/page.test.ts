import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Gallery } from '../../src/gallery/gallery.js';
import { createPicture } from '../fixtures/images.js';
import { hasBrowser, inBrowser, openPage, type ServedPages, servePages } from '../fixtures/served-pages.js';
import { createTinyModel } from '../fixtures/tiny-model.js';

/** The browser's types are not known here. */
const widthOf = (picture: { naturalWidth: number }): number => picture.naturalWidth;

describe.skipIf(!hasBrowser)(inBrowser('the page'), () => {
  let served: ServedPages;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    served = await servePages();
  });
  afterAll(() => served.remove());

  beforeEach(async () => {
    ({ page, complaints } = await openPage(served.browser));
    await page.goto(served.url);
    await page.locator('#samples li').first().waitFor();
  });
  afterEach(async () => {
    await page.close();
    expect(complaints).toEqual([]);
  });

  const fileOf = (name: string, buffer: Buffer) => ({ name, mimeType: 'image/png', buffer });
  const choose = (i: number) => page.setInputFiles('#file', fileOf(`mine-${i}.png`, served.pictures[i]));
  const neighbours = () => page.locator('#results .card');
  const firstNeighbour = () => neighbours().first().locator('.key').textContent();
  const answered = () => page.locator('#answer[aria-busy="false"] .timings').waitFor();
  /** Lets go of a file over the page, or pastes it, as a browser would. */
  const transfer = (event: 'drop' | 'paste', base64: string) =>
    page.evaluate(
      // Text, because the browser's types are not known here.
      `{
        const bytes = Uint8Array.from(atob('${base64}'), letter => letter.charCodeAt(0));
        const data = new DataTransfer();
        data.items.add(new File([bytes], 'given.png', { type: 'image/png' }));
        document.body.dispatchEvent('${event}' === 'drop'
          ? new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })
          : new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }));
      }`,
    );

  it('shows the neighbours of a chosen file, the picture itself first', async () => {
    await choose(4);
    await answered();
    expect(await neighbours().count()).toBe(10);
    expect(await neighbours().first().textContent()).toMatch(/label-1picture-4\.pngdistance 0\.000/);
    expect(await page.locator('#status').textContent()).toMatch(/10 of 12 pictures.*decode [\d.]+ ms/s);
    expect(await page.locator('#query-name').textContent()).toBe('mine-4.png');
    const preview = page.locator('#preview');
    await expect.poll(() => preview.evaluate(widthOf)).toBe(48);
    const thumbnail = neighbours().first().locator('img');
    await expect.poll(() => thumbnail.evaluate(widthOf)).toBe(48);
    expect(await thumbnail.getAttribute('src')).toBe('v1/collections/default/items/5/thumbnail?side=256');
    const bar = neighbours().first().locator('.bar');
    const style = await bar.evaluate((node: { style: { cssText: string } }) => node.style.cssText);
    expect(style).toMatch(/^--nearness: (1|0\.99\d*);$/);
  });

  it.each(['drop', 'paste'] as const)('takes a picture by %s', async event => {
    await transfer(event, served.pictures[7].toString('base64'));
    await answered();
    expect(await firstNeighbour()).toBe('picture-7.png');
    expect(await page.locator('#query-name').textContent()).toBe('given.png');
  });

  it('searches with a picture of the collection, and on from a neighbour, by keyboard too', async () => {
    const sample = page.locator('#samples button').nth(2);
    expect(await sample.getAttribute('aria-label')).toBe('Search with label-2, picture-2.png');
    await sample.click();
    await answered();
    expect(await firstNeighbour()).toBe('picture-2.png');
    const second = neighbours().nth(1);
    const key = await second.locator('.key').textContent();
    await second.focus();
    await page.keyboard.press('Enter');
    await expect.poll(firstNeighbour).toBe(key);
    expect(await page.evaluate('document.activeElement.id')).toBe('answer-title');
    expect(await page.evaluate('scrollY')).toBe(0);
    expect(await page.locator('#query-name').textContent()).toContain(key);
  });

  it('asks again when another number of neighbours is chosen', async () => {
    await choose(0);
    await answered();
    await page.selectOption('#k', '5');
    await expect.poll(() => neighbours().count()).toBe(5);
    await page.selectOption('#k', '100');
    await expect.poll(() => neighbours().count()).toBe(12);
  });

  it('shows what the server says of a bad file, and recovers', async () => {
    await page.setInputFiles('#file', fileOf('notes.png', Buffer.from('no picture')));
    const error = page.locator('#error');
    await expect.poll(() => error.textContent()).toMatch(/^Expected jpeg, png, .* none of these/);
    expect(await neighbours().count()).toBe(0);
    expect(await page.locator('#preview').isVisible()).toBe(false);
    // The browser itself reports every answer that is not 2xx.
    expect(complaints.splice(0)).toEqual([expect.stringContaining('415')]);
    await choose(1);
    await answered();
    expect(await error.isVisible()).toBe(false);
    expect(await firstNeighbour()).toBe('picture-1.png');
  });

  it('gives up a search when the next one is asked for', async () => {
    let searches = 0;
    await page.route('**/search*', async route => {
      searches += 1;
      // The first is never answered.
      if (searches > 1) await route.continue();
    });
    const givenUp = page.waitForEvent('requestfailed', { timeout: 10_000 });
    await choose(0);
    await choose(3);
    expect((await givenUp).url()).toMatch(/search\?k=10$/);
    await answered();
    expect(await firstNeighbour()).toBe('picture-3.png');
  });

  it('asks for no key where none is needed, and leads to the documentation', async () => {
    expect(await page.locator('#key-form').isVisible()).toBe(false);
    expect(await page.locator('#forget-key').isVisible()).toBe(false);
    await page.getByRole('link', { name: 'API' }).click();
    await page.locator('.opblock').first().waitFor();
    expect(page.url()).toBe(`${served.url}/docs`);
  });

  it('leads to no documentation where there is none', async () => {
    await page.route('**/docs', route => route.fulfill({ status: 404 }));
    await page.reload();
    await expect.poll(() => complaints).toEqual([expect.stringContaining('404')]);
    complaints.length = 0;
    await page.locator('#samples li').first().waitFor();
    expect(await page.locator('#docs-link').isVisible()).toBe(false);
  });

  it('fits a narrow screen', async () => {
    await page.setViewportSize({ width: 360, height: 740 });
    await choose(5);
    await answered();
    const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(overflow).toBeLessThanOrEqual(0);
  });

  it('lets one choose among collections only when there are several', async () => {
    expect(await page.locator('#collection-picker').isVisible()).toBe(false);
    const writer = await Gallery.open(served.directory, { access: 'write', threads: 1 });
    const model = await createTinyModel(join(served.folder, 'other'), { name: 'other', seed: 3 });
    const other = await writer.createCollection('other', model);
    await other.add([{ key: 'alone.png', image: await createPicture('alone') }]);
    await writer.close();
    await page.reload();
    await choose(0);
    await answered();
    await page.getByRole('combobox', { name: 'Collection' }).selectOption('other');
    await expect.poll(() => neighbours().count()).toBe(1);
    expect(await firstNeighbour()).toBe('alone.png');
    expect(await page.locator('#facts').textContent()).toMatch(/^1 picture · 16 dimensions · other@/);
    await expect.poll(() => page.locator('#samples li').count()).toBe(1);
  });
});
