import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { KeyStore } from '../../src/catalog/key-store.js';
import type { KeyVerifier } from '../../src/server/guard.js';
import { hasBrowser, inBrowser, openPage, type ServedPages, servePages } from '../fixtures/served-pages.js';

/** Keeps count of the addresses of pictures that are held in memory. */
const countObjectUrls = `{
  globalThis.heldUrls = new Set();
  const { createObjectURL, revokeObjectURL } = URL;
  URL.createObjectURL = bytes => {
    const url = createObjectURL.call(URL, bytes);
    heldUrls.add(url);
    return url;
  };
  URL.revokeObjectURL = url => {
    heldUrls.delete(url);
    revokeObjectURL.call(URL, url);
  };
}`;

describe.skipIf(!hasBrowser)(inBrowser('the page of a server that asks for keys'), () => {
  let served: ServedPages;
  let store: KeyStore;
  let context: BrowserContext;
  let page: Page;
  let complaints: string[];
  /** Of a key that is let in to nothing. */
  const powerless = 'medoid_powerless';

  beforeAll(async () => {
    const keys: KeyVerifier = {
      verify: key =>
        key === powerless ? { id: 'p', name: 'p', scopes: ['none'], rateLimit: null } : store.verify(key),
    };
    served = await servePages({ keys });
    store = KeyStore.open(served.directory, {
      access: 'write',
      onNotice: message => {
        throw new Error(message);
      },
    });
  });
  afterAll(async () => {
    store.close();
    await served.remove();
  });

  beforeEach(async () => {
    context = await served.browser.newContext();
    await context.addInitScript(countObjectUrls);
    ({ page, complaints } = await openPage(context));
    await page.goto(served.url);
    await page.locator('#key-form').waitFor();
  });
  afterEach(async () => {
    await context.close();
    // The browser itself reports every answer that is not 2xx.
    expect(complaints.filter(text => !/status of (401|403)/.test(text))).toEqual([]);
  });

  const createKey = () => store.create({ name: 'the reader', scopes: ['read'], rateLimit: null });
  const give = async (key: string): Promise<void> => {
    await page.getByRole('textbox', { name: 'Key' }).fill(key);
    await page.keyboard.press('Enter');
  };
  const enter = async () => {
    const { key, record } = createKey();
    await give(key);
    await page.locator('#samples img[src]').first().waitFor();
    return { key, id: record.id };
  };
  const keyForm = () => page.locator('#key-form');
  const refusal = () => page.locator('#key-message').textContent();
  const firstNeighbour = () => page.locator('#results .key').first().textContent();
  const widths = (selector: string): Promise<number[]> =>
    page.evaluate(`[...document.querySelectorAll('${selector}')].map(image => image.naturalWidth)`);

  it('asks for a key in place of everything else, and keeps it for the tab alone', async () => {
    expect(await page.getByRole('form', { name: 'This server asks for a key' }).isVisible()).toBe(true);
    expect(await page.locator('main').isVisible()).toBe(false);
    expect(await page.locator('#key-message').isVisible()).toBe(false);
    // By its id: hidden, it has no role.
    const field = page.locator('#key');
    expect(await field.getAttribute('type')).toBe('password');
    expect(await page.evaluate('document.activeElement.id')).toBe('key');

    const { key } = await enter();
    expect(await keyForm().isVisible()).toBe(false);
    expect(await field.inputValue()).toBe('');
    expect(await page.evaluate('Object.values({ ...sessionStorage })')).toEqual([key]);
    expect(await page.evaluate('[localStorage.length, document.cookie, location.href]')).toEqual([
      0,
      '',
      `${served.url}/`,
    ]);
    await page.reload();
    await page.locator('#samples li').first().waitFor();
    const other = await openPage(context);
    await other.page.goto(served.url);
    await other.page.locator('#key-form').waitFor();
  });

  it('searches and shows pictures with the key', async () => {
    await enter();
    await expect.poll(() => widths('#samples img')).toEqual(Array(12).fill(48));
    await page.locator('#samples button').nth(3).click();
    await expect.poll(firstNeighbour).toBe('picture-3.png');
    await expect.poll(() => widths('#preview')).toEqual([48]);
    await page.setInputFiles('#file', { name: 'a.png', mimeType: 'image/png', buffer: served.pictures[8] });
    await expect.poll(firstNeighbour).toBe('picture-8.png');
    await expect.poll(() => widths('#results img')).toEqual(Array(10).fill(48));
    const sources: string[] = await page.evaluate(`Array.from(document.images, image => image.src)`);
    expect(sources.filter(source => !source.startsWith('blob:'))).toEqual([]);
  });

  it('frees the pictures that it no longer shows', async () => {
    await enter();
    for (const i of [1, 5, 9]) {
      await page.locator('#samples button').nth(i).click();
      await expect.poll(firstNeighbour).toBe(`picture-${i}.png`);
    }
    // Those that are shown now are to go.
    await page.evaluate(
      "document.querySelectorAll('#samples li').forEach(one => one.classList.add('before'))",
    );
    await page.getByRole('button', { name: 'Show others' }).click();
    await expect.poll(() => page.locator('#samples .before').count()).toBe(0);
    await expect.poll(() => widths('img')).toEqual(Array(1 + 10 + 12).fill(48));
    const held: string[] = await page.evaluate('[...heldUrls].sort()');
    const shown: string[] = await page.evaluate('Array.from(document.images, image => image.src).sort()');
    expect(held).toEqual(shown);
  });

  it('says of a wrong key that it is wrong, and takes the right one after it, spaces around it or not', async () => {
    await give('medoid_nonsense');
    await expect.poll(refusal).toBe('This key is unknown, or was revoked.');
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
    await give('two words');
    // The browser says so itself and sends nothing.
    expect(await keyForm().isVisible()).toBe(true);
    expect(await page.locator('#key:invalid').count()).toBe(1);
    await give(`  ${createKey().key} `);
    await page.locator('#samples li').first().waitFor();
    expect(await keyForm().isVisible()).toBe(false);
  });

  it('says of a key without the scope which one it lacks', async () => {
    await give(powerless);
    await expect.poll(refusal).toBe('Expected a key with the scope read, got one with none');
    expect(await keyForm().isVisible()).toBe(true);
  });

  it('asks anew when the key is revoked, and goes on with what was asked', async () => {
    const { id } = await enter();
    // A picture asked for after that would find the key revoked, and ask for another before the click.
    await expect.poll(() => widths('#samples img')).toEqual(Array(12).fill(48));
    store.revoke(id);
    await page.locator('#samples button').nth(7).click();
    await expect.poll(refusal).toBe('This key is unknown, or was revoked.');
    await give(createKey().key);
    await expect.poll(firstNeighbour).toBe('picture-7.png');
    await expect.poll(() => widths('#preview')).toEqual([48]);
  });

  it('forgets the key when it is told to, and shows nothing that was got with it', async () => {
    await enter();
    await page.getByRole('button', { name: 'Forget the key' }).click();
    await keyForm().waitFor();
    expect(await page.evaluate('sessionStorage.length')).toBe(0);
    expect(await page.locator('#samples li').count()).toBe(0);
    expect(await page.locator('#forget-key').isVisible()).toBe(false);
  });
});
