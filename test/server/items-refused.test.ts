import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { base64Of, createAddingRequests, outcomesOf } from '../fixtures/adding-requests.js';
import { expectProblem, type FilledApp, openFilledApp } from '../fixtures/filled-app.js';
import { createPicture } from '../fixtures/images.js';

const collection = '/v1/collections/default';
const maxImageBytes = 20_000;

describe('adding what is no good', () => {
  let filled: FilledApp;

  beforeAll(async () => {
    filled = await openFilledApp({ maxImageBytes });
  });
  afterAll(() => filled.remove());

  const { post, postRaw, postForm } = createAddingRequests(() => filled.app);
  const countItems = async (): Promise<number> => (await request(filled.app).get(collection)).body.items;

  describe('a picture that is no good', () => {
    const broken = Buffer.from('no picture at all');

    it('fails alone among many, and leaves the others added', async () => {
      const [a, b] = await Promise.all(['beside a', 'beside b'].map(seed => createPicture(seed)));
      const before = await countItems();
      const inJson = await post()
        .send({
          items: [
            { key: 'beside-a', image: base64Of(a) },
            { key: 'broken', image: base64Of(broken) },
            { key: 'large', image: base64Of(Buffer.alloc(maxImageBytes + 1)) },
            { key: 'cut', image: base64Of(a.subarray(0, a.length >> 1)) },
            { key: 'beside-b', image: base64Of(b) },
          ],
        })
        .expect(200);
      expect(outcomesOf(inJson).map(({ key, status, code }) => [key, status, code])).toEqual([
        ['beside-a', 'added', undefined],
        ['broken', 'failed', 'unsupported-image'],
        ['large', 'failed', 'payload-too-large'],
        ['cut', 'failed', 'unreadable-image'],
        ['beside-b', 'added', undefined],
      ]);
      expect(await countItems()).toBe(before + 2);
    });

    it('is a problem where it was the only one', async () => {
      const before = await countItems();
      expectProblem(await postRaw(broken), 'unsupported-image');
      expectProblem(await postForm([[broken, 'broken.png']]), 'unsupported-image');
      expectProblem(await post().send({ items: [{ image: base64Of(broken) }] }), 'unsupported-image');
      const large = await post().send({ items: [{ image: base64Of(Buffer.alloc(maxImageBytes + 1)) }] });
      expectProblem(large, 'payload-too-large');
      expectProblem(await postRaw(Buffer.alloc(maxImageBytes + 1)), 'payload-too-large');
      expect(await countItems()).toBe(before);
    });
  });

  describe('a request that is no good', () => {
    const image = { base64: Buffer.from('x').toString('base64') };
    const bodies: [string, unknown, string | undefined, RegExp][] = [
      ['no items', {}, 'items', /^items: expected array, got nothing/],
      ['an empty list', { items: [] }, 'items', /expected array to have >=1 items/],
      ['another field', { items: [{ image }], force: true }, 'force', /there is no field "force" here/],
      ['no picture', { items: [{ key: 'a' }] }, 'items.0.image', /^items\.0\.image: expected/],
      ['a picture as text', { items: [{ image: 'x' }] }, 'items.0.image', /got "x"/],
      ['bad base64', { items: [{ image: { base64: '???' } }] }, 'items.0.image.base64', /got "\?\?\?"/],
      ['empty base64', { items: [{ image: { base64: '' } }] }, 'items.0.image.base64', /got ""/],
      [
        'base64 and url',
        { items: [{ image: { ...image, url: 'http://a' } }] },
        'items.0.image.url',
        /no field/,
      ],
      ['a misspelt field', { items: [{ image, lable: 'a' }] }, 'items.0.lable', /there is no field/],
      ['a number as label', { items: [{ image, label: 5 }] }, 'items.0.label', /expected string.*got 5/],
      ['a long label', { items: [{ image, label: 'x'.repeat(1025) }] }, 'items.0.label', /1024/],
      ['a list as metadata', { items: [{ image, metadata: [] }] }, 'items.0.metadata', /got \[\]/],
      [
        'much metadata',
        { items: [{ image, metadata: { a: 'x'.repeat(65_536) } }] },
        'items.0.metadata',
        /65536/,
      ],
      [
        '65 items',
        { items: Array.from({ length: 65 }, () => ({ image })) },
        'items',
        /at most 64 .*respond-async/,
      ],
      ['a list', [{ image }], undefined, /expected object/],
    ];
    it.each(bodies)('refuses %s', async (_, body, field, detail) => {
      const before = await countItems();
      const response = await post().send(body as object);
      expectProblem(response, 'invalid-request');
      expect(response.body.detail).toMatch(detail);
      expect(response.body.field).toBe(field);
      expect(await countItems()).toBe(before);
    });

    it.each([
      [[{ key: 'a' }], /expected 2 entries, one for each file, got 1/],
      [[{}, {}, {}], /got 3/],
      [{}, /expected array/],
      [[{}, { image }], /there is no field "items\.1\.image"/],
      [[{}, { key: '' }], /items\.1\.key/],
    ])('refuses the list %j of a form with two files', async (texts, detail) => {
      const picture = await createPicture('list');
      const response = await postForm(
        [
          [picture, 'a'],
          [picture, 'b'],
        ],
        texts,
      );
      expectProblem(response, 'invalid-request');
      expect(response.body.detail).toMatch(detail);
      expect(response.body.field).toMatch(/^items/);
    });

    it('refuses a list that is no JSON, one key for two files, and parameters beside JSON', async () => {
      const picture = await createPicture('list');
      const noJson = await post().attach('image', picture, 'a').field('items', '[{');
      expectProblem(noJson, 'invalid-request');
      const oneKey = await post({ key: 'a' }).attach('image', picture, 'a').attach('image', picture, 'b');
      expectProblem(oneKey, 'invalid-request');
      expect(oneKey.body.field).toBe('key');
      const both = await post({ label: 'a' }).send({ items: [{ image: base64Of(picture) }] });
      expectProblem(both, 'invalid-request');
      expect(both.body.field).toBe('label');
    });

    it('refuses metadata in a parameter that is no JSON, or no object', async () => {
      for (const metadata of ['{', '[]', '5', '"a"', 'null']) {
        const response = await postRaw(await createPicture('list'), { metadata });
        expectProblem(response, 'invalid-request');
        expect(response.body.field).toBe('metadata');
      }
    });
  });
});
