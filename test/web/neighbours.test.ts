import type { Page, Request } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Gallery } from '../../src/gallery/gallery.js';
import { createPicture } from '../fixtures/images.js';
import { hasBrowser, inBrowser, openPage, type ServedPages, servePages } from '../fixtures/served-pages.js';
import { createTinyModel } from '../fixtures/tiny-model.js';

describe.skipIf(!hasBrowser)(inBrowser('how the page asks'), () => {
  let served: ServedPages;
  let page: Page;
  let complaints: string[];
  let asked: Request[];

  beforeAll(async () => {
    served = await servePages({ count: 24 });
  });
  afterAll(() => served.remove());

  beforeEach(async () => {
    ({ page, complaints } = await openPage(served.browser));
    asked = [];
    page.on('request', request => {
      if (request.method() === 'POST') asked.push(request);
    });
    await page.goto(served.url);
    await page.locator('#samples li').first().waitFor();
  });
  afterEach(async () => {
    await page.close();
    expect(complaints).toEqual([]);
  });

  const neighbours = () => page.locator('#results .card');
  const keys = () => page.locator('#results .key').allTextContents();
  const answered = () => page.locator('#answer[aria-busy="false"] .timings').waitFor();
  const pickSample = async (i: number): Promise<void> => {
    await page.locator('#samples button').nth(i).click();
    await answered();
  };
  const chooseFile = async (i: number): Promise<void> => {
    await page.setInputFiles('#file', {
      name: 'mine.png',
      mimeType: 'image/png',
      buffer: served.pictures[i],
    });
    await answered();
  };
  /** Drags from one point of the shown picture to another, in shares of it. */
  const drag = async (from: readonly [number, number], to: readonly [number, number]): Promise<void> => {
    const frame = await page.locator('#frame').boundingBox();
    if (frame === null) throw new Error('the picture is not shown');
    const place = ([x, y]: readonly [number, number]) =>
      [frame.x + x * frame.width, frame.y + y * frame.height] as const;
    await page.mouse.move(...place(from));
    await page.mouse.down();
    await page.mouse.move(...place(to), { steps: 3 });
    await page.mouse.up();
  };
  const shownPicture = () =>
    expect
      .poll(() => page.locator('#preview').evaluate((i: { naturalWidth: number }) => i.naturalWidth))
      .toBe(48);

  it('asks with the id of an item, and finds the item itself first', async () => {
    await pickSample(2);
    expect(asked.map(request => request.postDataJSON())).toEqual([
      { query: { itemId: 3 }, k: 10, onePerLabel: false, includeSelf: true },
    ]);
    expect((await keys())[0]).toBe('picture-2.png');
  });

  it('says how alike pictures are, and what that means', async () => {
    await pickSample(0);
    const similarities = page.locator('#results .similarity');
    const texts = await similarities.allTextContents();
    expect(texts[0]).toBe('similarity 100.0 %');
    const shares = texts.map(text => Number(/^similarity (\d+\.\d) %$/.exec(text)?.[1]));
    expect(shares).toEqual([...shares].sort((a, b) => b - a));
    expect(shares.at(-1)).toBeLessThan(100);
    expect(await similarities.nth(3).getAttribute('title')).toMatch(
      new RegExp(`^Of a hundred random pairs .*, ${shares[3].toFixed(1)} are less alike than these two`),
    );
  });

  it('shows one of each label if wanted, for an item and for a file', async () => {
    await pickSample(0);
    await page.getByRole('checkbox', { name: 'One per label' }).check();
    await expect.poll(() => neighbours().count()).toBe(3);
    expect(new Set(await page.locator('#results .label').allTextContents()).size).toBe(3);
    await chooseFile(1);
    await expect.poll(async () => (await keys())[0]).toBe('picture-1.png');
    expect(await neighbours().count()).toBe(3);
    expect(asked.at(-1)?.url()).toMatch(/search\?k=10&onePerLabel=true$/);
  });

  it('shows more until everything is shown, with the keyboard at the first that came', async () => {
    await chooseFile(0);
    const more = page.getByRole('button', { name: 'More' });
    await more.click();
    await expect.poll(() => neighbours().count()).toBe(20);
    expect(await page.locator('#status').textContent()).toContain('20 of 24 pictures');
    expect(
      await page.evaluate(`[...document.querySelectorAll('.card')].indexOf(document.activeElement)`),
    ).toBe(10);
    await more.click();
    await expect.poll(() => neighbours().count()).toBe(24);
    expect(new Set(await keys()).size).toBe(24);
    expect(await more.isVisible()).toBe(false);
  });

  it('keeps what is shown when more cannot be had', async () => {
    await pickSample(1);
    await page.route('**/search', route => route.abort());
    await page.getByRole('button', { name: 'More' }).click();
    await expect.poll(() => page.locator('#error').textContent()).toBe('The server does not answer.');
    expect(await neighbours().count()).toBe(10);
    expect(complaints.splice(0)).toEqual([expect.stringContaining('ERR_FAILED')]);
    await page.unroute('**/search');
    await page.getByRole('button', { name: 'More' }).click();
    await expect.poll(() => neighbours().count()).toBe(20);
    expect(await page.locator('#error').isVisible()).toBe(false);
  });

  it('searches with a part of an item, and with the whole again after Escape', async () => {
    await pickSample(4);
    await shownPicture();
    const whole = await page.locator('#results .distance').first().textContent();
    await drag([0.75, 0.5], [0.25, 0]);
    await expect.poll(() => asked.length).toBe(2);
    const { itemId, box } = asked[1].postDataJSON().query;
    expect(itemId).toBe(5);
    const { left, top, width, height } = box;
    for (const [share, wanted] of [
      [left, 0.25],
      [top, 0],
      [width, 0.5],
      [height, 0.5],
    ]) {
      expect(share).toBeCloseTo(wanted, 1);
    }
    const outline = page.locator('#outline');
    expect(await outline.isVisible()).toBe(true);
    await answered();
    expect(await page.locator('#results .distance').first().textContent()).not.toBe(whole);
    await page.keyboard.press('Escape');
    await expect.poll(() => asked.length).toBe(3);
    expect(asked[2].postDataJSON().query).toEqual({ itemId: 5 });
    expect(await outline.isVisible()).toBe(false);
  });

  it('searches with a part of a file, which may reach to the edges, and with the whole at the press of a button', async () => {
    await chooseFile(6);
    await shownPicture();
    await drag([0.5, 0.5], [1.2, 1.2]);
    await expect.poll(() => asked.length).toBe(2);
    const box = JSON.parse(new URL(asked[1].url()).searchParams.get('box') ?? '');
    expect(box.left + box.width).toBeCloseTo(1, 6);
    await answered();
    await page.getByRole('button', { name: 'Search with the whole picture' }).click();
    await expect.poll(() => asked.length).toBe(3);
    expect(asked[2].url()).toMatch(/search\?k=10$/);
    await answered();
    expect((await keys())[0]).toBe('picture-6.png');
  });

  it('takes a click on the picture for no part of it, and forgets the part with the picture', async () => {
    await pickSample(0);
    await shownPicture();
    await drag([0.5, 0.5], [0.505, 0.505]);
    await drag([0.1, 0.1], [0.9, 0.9]);
    await expect.poll(() => asked.length).toBe(2);
    await pickSample(1);
    expect(asked.at(-1)?.postDataJSON().query).toEqual({ itemId: 2 });
    expect(await page.locator('#outline').isVisible()).toBe(false);
  });

  it('searches another collection with the picture of an item, not with its id', async () => {
    await addCollection(served);
    await page.reload();
    await pickSample(5);
    await page.getByRole('combobox', { name: 'Collection' }).selectOption('other');
    await expect.poll(keys).toEqual(['alone.png']);
    expect(asked.at(-1)?.url()).toMatch(/other\/search\?k=10$/);
  });
});

async function addCollection({ directory, folder }: ServedPages): Promise<void> {
  const writer = await Gallery.open(directory, { access: 'write', threads: 1 });
  const model = await createTinyModel(`${folder}/other`, { name: 'other', seed: 3 });
  const other = await writer.createCollection('other', model);
  await other.add([{ key: 'alone.png', image: await createPicture('alone') }]);
  await writer.close();
}
