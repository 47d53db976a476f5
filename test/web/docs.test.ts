import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { listOperations } from '../../src/api/operations/index.js';
import { hasBrowser, inBrowser, openPage, type ServedPages, servePages } from '../fixtures/served-pages.js';

const key = 'medoid_reader';

describe.skipIf(!hasBrowser)(inBrowser('the page that documents the interface'), () => {
  let served: ServedPages;
  let context: BrowserContext;
  let page: Page;
  let complaints: string[];

  beforeAll(async () => {
    const reader = { id: 'r', name: 'r', scopes: ['read'], rateLimit: null };
    served = await servePages({ keys: { verify: given => (given === key ? reader : undefined) } });
  });
  afterAll(() => served.remove());

  beforeEach(async () => {
    context = await served.browser.newContext();
    ({ page, complaints } = await openPage(context));
  });
  afterEach(async () => {
    await context.close();
    expect(complaints).toEqual([]);
  });

  const open = async (path = '/docs'): Promise<void> => {
    await page.goto(served.url + path);
    await page.locator('.opblock').first().waitFor();
  };
  const operation = (id: string) => page.locator(`.opblock[id$="-${id}"]`);
  const expand = async (id: string): Promise<void> => {
    await operation(id).locator('.opblock-control-arrow').click();
    await operation(id).getByRole('button', { name: 'Try it out' }).click();
  };
  const execute = async (id: string): Promise<void> => {
    if ((await operation(id).locator('.opblock-body').count()) === 0) await expand(id);
    await operation(id).getByRole('button', { name: 'Execute' }).click();
  };
  const liveAnswer = (id: string) => operation(id).locator('.live-responses-table .response');

  it.each([390, 1280])('lists every operation, %i pixels wide', async width => {
    await page.setViewportSize({ width, height: 800 });
    await open();
    const ids: string[] = await page.evaluate(
      "Array.from(document.querySelectorAll('.opblock'), ({ id }) => id)",
    );
    const wanted = listOperations().map(({ id, tag }) => `operations-${tag}-${id}`);
    expect(ids.sort()).toEqual(wanted.sort());
    await execute('getHealth');
    await expect.poll(() => liveAnswer('getHealth').textContent()).toMatch(/^200.*"status": "ok"/s);
    const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth');
    expect(overflow).toBeLessThanOrEqual(0);
  });

  const authorise = async (): Promise<void> => {
    await page.locator('.auth-wrapper .authorize').first().click();
    await page.locator('.auth-container').first().locator('input').fill(key);
    await page.getByRole('button', { name: 'Apply credentials' }).first().click();
    await page.locator('.auth-btn-wrapper .btn-done').first().click();
  };

  it('sends a key once it is given one', async () => {
    await open();
    await execute('listCollections');
    await expect.poll(() => liveAnswer('listCollections').textContent()).toMatch(/^401.*unauthenticated/s);
    // The browser itself reports every answer that is not 2xx.
    expect(complaints.splice(0)).toEqual([expect.stringContaining('401')]);
    await authorise();
    await execute('listCollections');
    await expect.poll(() => liveAnswer('listCollections').textContent()).toMatch(/^200.*"items": 12/s);
  });

  it('takes a filter as text', async () => {
    await open();
    await authorise();
    const block = operation('listItems');
    await expand('listItems');
    await block.getByPlaceholder('name', { exact: true }).fill('default');
    await block.getByPlaceholder('filter').fill('{"field":"key","equals":"picture-3.png"}');
    await execute('listItems');
    await expect.poll(() => liveAnswer('listItems').textContent()).toMatch(/^200.*"label": "label-0"/s);
    expect(await liveAnswer('listItems').textContent()).not.toContain('label-1');
  });

  it('has the colours that the reader prefers', async () => {
    await open();
    const ground = () => page.evaluate('getComputedStyle(document.documentElement).backgroundColor');
    const light = await ground();
    await page.emulateMedia({ colorScheme: 'dark' });
    await expect.poll(ground).not.toBe(light);
  });

  it('is found with a slash behind its address, too', async () => {
    await open('/docs/');
    expect(page.url()).toBe(`${served.url}/docs`);
  });
});
