import request, { type Response } from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { hashImage } from '../../src/images/decode.js';
import { base64Of, createAddingRequests, itemsPath, outcomesOf } from '../fixtures/adding-requests.js';
import { expectProblem, type FilledApp, openFilledApp } from '../fixtures/filled-app.js';
import { createPicture } from '../fixtures/images.js';

const collection = '/v1/collections/default';
const maxImageBytes = 20_000;

describe('adding items', () => {
  let filled: FilledApp;

  beforeAll(async () => {
    filled = await openFilledApp({ maxImageBytes });
  });
  afterAll(() => filled.remove());

  const { post, postRaw, postForm } = createAddingRequests(() => filled.app);
  const shown = (response: Response) => outcomesOf(response).map(({ key, status }) => [key, status]);

  describe('in every form', () => {
    it('takes a picture as the body, named by the hash of its bytes', async () => {
      const picture = await createPicture('raw');
      const key = `sha256-${hashImage(picture)}`;
      const added = await postRaw(picture).expect(200);
      expect(shown(added)).toEqual([[key, 'added']]);
      expect(outcomesOf(added)[0].item).toMatchObject({ key, label: null, metadata: {}, format: 'png' });
      expect(shown(await postRaw(picture).expect(200))).toEqual([[key, 'unchanged']]);
    });

    it('takes what is said of it from the parameters', async () => {
      const picture = await createPicture('said');
      const query = { key: 'said', label: 'chair', metadata: '{"price":12,"sizes":[1,2]}' };
      const [{ item }] = outcomesOf(await postRaw(picture, query).expect(200));
      expect(item).toMatchObject({
        key: 'said',
        label: 'chair',
        metadata: { price: 12, sizes: [1, 2] },
        bytes: picture.length,
      });
      const { body } = await request(filled.app).get(`${itemsPath}/${item?.id}`).expect(200);
      expect(body).toEqual(item);
    });

    it('names a file of a form by its name, its key or its entry in the list', async () => {
      const [a, b] = await Promise.all(['form a', 'form b'].map(seed => createPicture(seed)));
      expect(shown(await postForm([[a, 'stool one.png']]).expect(200))).toEqual([['stool one.png', 'added']]);
      const named = await post({ key: 'one' }).attach('image', a, 'stool two.png').expect(200);
      expect(shown(named)).toEqual([['one', 'added']]);
      const listed = await postForm(
        [
          [a, 'x.png'],
          [b, 'y.png'],
        ],
        [{ key: 'listed', label: 'sofa', metadata: { n: 1 } }, {}],
      ).expect(200);
      // Who lists the items names them there.
      expect(shown(listed)).toEqual([
        ['listed', 'added'],
        [`sha256-${hashImage(b)}`, 'added'],
      ]);
      expect(outcomesOf(listed).map(({ item }) => [item?.label, item?.metadata])).toEqual([
        ['sofa', { n: 1 }],
        [null, {}],
      ]);
    });

    it('gives every file of a form the label and the metadata of the parameters, unless it has its own', async () => {
      const pictures = await Promise.all(['all a', 'all b'].map(seed => createPicture(seed)));
      const added = await post({ label: 'table', metadata: '{"n":7}' })
        .attach('image', pictures[0], 'a')
        .attach('image', pictures[1], 'b')
        .field('items', JSON.stringify([{ key: 'all-a' }, { key: 'all-b', label: 'own', metadata: {} }]))
        .expect(200);
      expect(outcomesOf(added).map(({ item }) => [item?.label, item?.metadata])).toEqual([
        ['table', { n: 7 }],
        ['own', {}],
      ]);
    });

    it('takes base64 in JSON, several at once, in order', async () => {
      const pictures = await Promise.all(['json a', 'json b', 'json c'].map(seed => createPicture(seed)));
      const added = await post()
        .send({
          items: [
            {
              key: 'json-a',
              label: 'lamp',
              metadata: { deep: { er: [null, true] } },
              image: base64Of(pictures[0]),
            },
            { image: base64Of(pictures[1]) },
            { key: 'json-c', label: null, image: base64Of(pictures[2]) },
          ],
        })
        .expect(200);
      expect(shown(added)).toEqual([
        ['json-a', 'added'],
        [`sha256-${hashImage(pictures[1])}`, 'added'],
        ['json-c', 'added'],
      ]);
      expect(outcomesOf(added)[0].item?.metadata).toEqual({ deep: { er: [null, true] } });
      const search = await request(filled.app)
        .post(`${collection}/search?k=1`)
        .set('Content-Type', 'image/png')
        .send(pictures[2])
        .expect(200);
      expect(search.body.results[0].item.key).toBe('json-c');
    });

    it('takes 64 files of one form, and not 65', async () => {
      const picture = await createPicture('many', { width: 16, height: 16 });
      const files = Array.from({ length: 65 }, (_, i) => [picture, `many-${i}`] as const);
      expect(outcomesOf(await postForm(files.slice(0, 64)).expect(200))).toHaveLength(64);
      expectProblem(await postForm(files), 'invalid-request');
    });
  });

  describe('doing it again', () => {
    it('changes nothing, or the text, or the picture', async () => {
      const [picture, other] = await Promise.all(['again', 'again other'].map(seed => createPicture(seed)));
      const send = async (image: Buffer, query: Record<string, string>) => {
        const [outcome] = outcomesOf(await postRaw(image, { key: 'again', ...query }).expect(200));
        return outcome;
      };
      const first = await send(picture, { label: 'a', metadata: '{"n":1}' });
      expect(first.status).toBe('added');
      const same = await send(picture, { label: 'a', metadata: '{"n":1}' });
      expect(same).toEqual({ ...first, status: 'unchanged' });
      const labelled = await send(picture, { label: 'b', metadata: '{"n":1}' });
      expect([labelled.status, labelled.item?.label]).toEqual(['updated', 'b']);
      const described = await send(picture, { label: 'b', metadata: '{"n":2}' });
      expect([described.status, described.item?.metadata]).toEqual(['updated', { n: 2 }]);
      const replaced = await send(other, { label: 'b', metadata: '{"n":2}' });
      expect([replaced.status, replaced.item?.id]).toEqual(['replaced', first.item?.id]);
      expect(new Set([same, labelled, described].map(({ item }) => item?.id))).toEqual(
        new Set([first.item?.id]),
      );
    });

    it('gives a replaced picture another ETag, so that no cache shows the old one', async () => {
      const [picture, other] = await Promise.all(['tag', 'tag other'].map(seed => createPicture(seed)));
      const [{ item }] = outcomesOf(await postRaw(picture, { key: 'tag' }).expect(200));
      const paths = ['image', 'thumbnail'].map(name => `${itemsPath}/${item?.id}/${name}`);
      const tagsOf = async () => {
        const answers = [];
        for (const path of paths)
          answers.push((await request(filled.app).get(path).expect(200)).headers.etag);
        return answers;
      };
      const before = await tagsOf();
      await postRaw(picture, { key: 'tag', label: 'other text' }).expect(200);
      expect(await tagsOf()).toEqual(before);
      await postRaw(other, { key: 'tag' }).expect(200);
      const after = await tagsOf();
      for (const [i, path] of paths.entries()) {
        expect(after[i]).not.toBe(before[i]);
        await request(filled.app).get(path).set('If-None-Match', before[i]).expect(200);
        await request(filled.app).get(path).set('If-None-Match', after[i]).expect(304);
      }
    });

    it('is safe when many send the same at once', async () => {
      const picture = await createPicture('race');
      const answers = await Promise.all(
        Array.from({ length: 8 }, () => postRaw(picture, { key: 'race' }).expect(200)),
      );
      const statuses = answers.map(answer => outcomesOf(answer)[0].status).sort();
      expect(statuses).toEqual(['added', ...Array.from({ length: 7 }, () => 'unchanged')]);
    });
  });

  describe('keys', () => {
    const keys = [
      'a/b/../c',
      ' blank ',
      'Stühle 椅子 🪑',
      '%2e%2e',
      '__proto__',
      "';--",
      'k'.repeat(1024),
      '🪑'.repeat(512),
    ];
    it.each(keys)('takes %j as it is, in JSON and as a parameter', async key => {
      const [picture, other] = await Promise.all(
        [`key ${key}`, `other ${key}`].map(seed => createPicture(seed)),
      );
      const inJson = await post()
        .send({ items: [{ key, image: base64Of(picture) }] })
        .expect(200);
      expect(shown(inJson)).toEqual([[key, 'added']]);
      expect(shown(await postRaw(other, { key }).expect(200))).toEqual([[key, 'replaced']]);
      const { body } = await request(filled.app).get(itemsPath).query({ key }).expect(200);
      expect(body.items.map((item: { key: string }) => item.key)).toEqual([key]);
      const deleted = await request(filled.app)
        .post(`${itemsPath}/delete`)
        .send({ keys: [key] })
        .expect(200);
      expect(deleted.body).toEqual({ removed: 1, unknown: [] });
    });

    it('takes the name of a file in any script, and no folder with it', async () => {
      const picture = await createPicture('name');
      // As browsers send it: bytes of UTF-8.
      const form = [
        '--x\r\nContent-Disposition: form-data; name="image"; filename="up/../Stühle 椅子.png"\r\n\r\n',
        picture,
        '\r\n--x--\r\n',
      ].map(part => Buffer.from(part as string));
      const added = await post()
        .set('Content-Type', 'multipart/form-data; boundary=x')
        .send(Buffer.concat(form))
        .expect(200);
      expect(shown(added)).toEqual([['Stühle 椅子.png', 'added']]);
    });

    it.each([
      ['an empty one', ''],
      ['one of 1025 characters', 'k'.repeat(1025)],
      ['half a character', 'a\ud83e'],
    ])('refuses %s', async (_, key) => {
      const picture = await createPicture('refused');
      const inJson = await post().send({ items: [{ key, image: base64Of(picture) }] });
      expectProblem(inJson, 'invalid-request');
      expect(inJson.body.field).toBe('items.0.key');
      if (key === 'a\ud83e') return;
      const asParameter = await postRaw(picture, { key });
      expectProblem(asParameter, 'invalid-request');
      expect(asParameter.body.field).toBe('key');
    });

    it('refuses the name of a file that is too long for a key, as any key', async () => {
      const response = await postForm([[await createPicture('long name'), 'n'.repeat(1025)]]);
      expectProblem(response, 'invalid-request');
    });

    it('lets the second of two with the same key fail', async () => {
      const [a, b] = await Promise.all(['twice a', 'twice b'].map(seed => createPicture(seed)));
      const answer = await postForm([
        [a, 'twice'],
        [b, 'twice'],
      ]).expect(200);
      expect(outcomesOf(answer).map(({ status, code }) => [status, code])).toEqual([
        ['added', undefined],
        ['failed', 'invalid-request'],
      ]);
    });
  });
});
