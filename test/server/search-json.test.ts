import { join } from 'node:path';
import sharp from 'sharp';
import request, { type Response, type Test } from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Catalog } from '../../src/catalog/catalog.js';
import type { EmbeddingSetRow } from '../../src/catalog/rows.js';
import { expectProblem, type FilledApp, openFilledApp } from '../fixtures/filled-app.js';

const path = '/v1/collections/default/search';
const count = 40;

interface Result {
  readonly item: { readonly id: number; readonly key: string; readonly label: string };
  readonly distance: number;
  readonly similarity: number | null;
}

describe('a search in JSON', () => {
  let filled: FilledApp;

  beforeAll(async () => {
    filled = await openFilledApp({ count });
  });
  afterAll(() => filled.remove());

  const post = (body: unknown): Test =>
    request(filled.app)
      .post(path)
      .send(body as object);
  const resultsOf = ({ body }: Response): Result[] => body.results;
  const idsOf = (response: Response): number[] => resultsOf(response).map(({ item }) => item.id);
  const ask = async (body: object): Promise<Response> => post(body).expect(200);
  const base64 = (picture: Buffer) => ({ base64: picture.toString('base64') });
  const vectorOf = (id: number): number[] => {
    const catalog = Catalog.open(join(filled.directory, 'catalog.sqlite'), { access: 'read' });
    const set = catalog.sets.findActive(1) as EmbeddingSetRow;
    const vector = catalog.sets.findItemEmbedding(set, id) as Float32Array;
    catalog.close();
    return Array.from(vector);
  };
  const everyPage = async (question: object): Promise<Response[]> => {
    const pages = [await ask(question)];
    for (let next = pages[0].body.next; next !== null; next = pages[pages.length - 1].body.next) {
      pages.push(await ask({ cursor: next }));
    }
    return pages;
  };

  describe('what is looked for', () => {
    it('may be a picture, an item by id or key, or a vector: all the same', async () => {
      const options = { k: 5, includeSelf: true, exact: true };
      const answers = [
        await ask({ query: { image: base64(filled.pictures[6]) }, ...options }),
        await ask({ query: { itemId: 7 }, ...options }),
        await ask({ query: { itemKey: 'picture-6.png' }, ...options }),
        await ask({ query: { vector: vectorOf(7) }, ...options }),
        await ask({ query: { vector: vectorOf(7).map(value => value * 1000) }, ...options }),
        await ask({ queries: [{ itemId: 7 }], ...options }),
      ];
      for (const answer of answers) {
        expect(idsOf(answer)).toEqual(idsOf(answers[0]));
        expect(resultsOf(answer)[0].item.id).toBe(7);
        expect(resultsOf(answer)[0].distance).toBeLessThan(1e-3);
        expect(answer.body.modelId).toBe(answers[0].body.modelId);
      }
    });

    it('may be several, of which the mean is meant', async () => {
      const [a, b] = [vectorOf(1), vectorOf(2)];
      const mean = a.map((value, d) => value + b[d]);
      const options = { k: 10, exact: true, includeSelf: true };
      const several = await ask({
        queries: [{ itemId: 1 }, { image: base64(filled.pictures[1]) }],
        ...options,
      });
      expect(idsOf(several)).toEqual(idsOf(await ask({ query: { vector: mean }, ...options })));
    });

    it('leaves out every item that was asked with, unless told otherwise', async () => {
      const queries = [{ itemId: 1 }, { itemKey: 'picture-1.png' }];
      const without = idsOf(await ask({ queries, k: 100, exact: true }));
      expect(without).toHaveLength(count - 2);
      expect(without.filter(id => id <= 2)).toEqual([]);
      expect(idsOf(await ask({ queries, k: 100, exact: true, includeSelf: true }))).toHaveLength(count);
      // A picture is no item, though there is one of the same.
      expect(idsOf(await ask({ query: { image: base64(filled.pictures[0]) }, k: 1 }))).toEqual([1]);
    });

    it('may be a part of a picture, of an item, or of an upload', async () => {
      const box = { left: 0.5, top: 0.25, width: 0.5, height: 0.5 };
      // 48 × 36 pixels.
      const part = await sharp(filled.pictures[3])
        .extract({ left: 24, top: 9, width: 24, height: 18 })
        .png()
        .toBuffer();
      const options = { k: 8, exact: true, includeSelf: true };
      const wanted = await ask({ query: { image: base64(part) }, ...options });
      const whole = await ask({ query: { itemId: 4 }, ...options });
      const upload = request(filled.app)
        .post(path)
        .query({ k: 8, exact: 'true', box: JSON.stringify(box) })
        .attach('image', filled.pictures[3], 'a');
      const answers = [
        await ask({ query: { itemId: 4, box }, ...options }),
        await ask({ query: { itemKey: 'picture-3.png', box }, ...options }),
        await ask({ query: { image: base64(filled.pictures[3]), box }, ...options }),
        await upload.expect(200),
      ];
      for (const answer of answers) {
        const distances = (response: Response) => resultsOf(response).map(({ distance }) => distance);
        expect(idsOf(answer)).toEqual(idsOf(wanted));
        for (const [i, distance] of distances(answer).entries())
          expect(distance).toBeCloseTo(distances(wanted)[i], 4);
        expect(distances(answer)[0]).not.toBeCloseTo(distances(whole)[0], 2);
      }
    });
  });

  describe('which results there are', () => {
    it('are those within a distance', async () => {
      const all = resultsOf(await ask({ query: { itemId: 1 }, k: 100, exact: true }));
      const maxDistance = (all[9].distance + all[10].distance) / 2;
      for (const exact of [true, false]) {
        const near = await ask({ query: { itemId: 1 }, k: 100, exact, maxDistance });
        expect(idsOf(near)).toEqual(all.slice(0, 10).map(({ item }) => item.id));
      }
      expect(resultsOf(await ask({ query: { itemId: 1 }, maxDistance: 0 }))).toEqual([]);
    });

    it.each([
      ['one item', { field: 'metadata.number', equals: 17 }, [18]],
      ['none', { field: 'label', equals: 'nobody' }, []],
      [
        'nearly all',
        { not: { field: 'id', in: [1, 2, 3] } },
        Array.from({ length: count - 3 }, (_, i) => i + 4),
      ],
      [
        'some',
        {
          and: [
            { field: 'label', equals: 'label-1' },
            { field: 'metadata.number', range: { lt: 10 } },
          ],
        },
        [2, 5, 8],
      ],
    ])('are those a filter holds for: %s', async (_, filter, ids) => {
      for (const exact of [true, false]) {
        const answer = await ask({ query: { itemId: 40 }, k: 100, exact, filter, includeSelf: true });
        expect(idsOf(answer).sort((a, b) => a - b)).toEqual(ids);
        const distances = resultsOf(answer).map(({ distance }) => distance);
        expect(distances).toEqual([...distances].sort((a, b) => a - b));
      }
    });

    it('are the nearest of each label', async () => {
      const all = resultsOf(await ask({ query: { itemId: 1 }, k: 100, exact: true }));
      const first = (label: string) => all.find(({ item }) => item.label === label)?.item.id;
      const ids = idsOf(await ask({ query: { itemId: 1 }, k: 100, onePerLabel: true }));
      expect([...ids].sort()).toEqual(['label-0', 'label-1', 'label-2'].map(first).sort());
    });

    it('are unlike each other when that is asked for', async () => {
      const question = { query: { itemId: 1 }, k: 6, exact: true };
      const [near, spread] = [await ask(question), await ask({ ...question, diversity: 0.9 })];
      expect(idsOf(spread)[0]).toBe(idsOf(near)[0]);
      expect(idsOf(spread)).not.toEqual(idsOf(near));
      const total = (response: Response) =>
        resultsOf(response).reduce((sum, { distance }) => sum + distance, 0);
      expect(total(spread)).toBeGreaterThan(total(near));
    });
  });

  describe('what is said of a result', () => {
    it('has a similarity that falls with the distance', async () => {
      const results = resultsOf(await ask({ query: { itemId: 1 }, k: 100, exact: true, includeSelf: true }));
      const similarities = results.map(({ similarity }) => similarity as number);
      expect(similarities).toEqual([...similarities].sort((a, b) => b - a));
      expect(similarities[0]).toBeGreaterThan(0.99);
      expect(similarities[count - 1]).toBeLessThan(0.5);
    });

    it('has none while there are fewer than 20 items to say it by', async () => {
      const few = await openFilledApp({ count: 19 });
      const { body } = await request(few.app)
        .post(path)
        .send({ query: { itemId: 1 }, k: 100 })
        .expect(200);
      expect(body.results.map(({ similarity }: Result) => similarity)).toEqual(
        Array.from({ length: 18 }, () => null),
      );
      await few.remove();
    });

    it('says how long each stage took, and nothing of stages there were not', async () => {
      const { timingsMs } = (await ask({ query: { image: base64(filled.pictures[0]) } })).body;
      expect(Object.keys(timingsMs)).toEqual(['fetch', 'decode', 'embed', 'search']);
      expect(timingsMs.decode).toBeGreaterThan(0);
      expect(timingsMs.embed).toBeGreaterThan(0);
      const stored = (await ask({ query: { itemId: 1 } })).body.timingsMs;
      expect(stored).toMatchObject({ fetch: 0, decode: 0, embed: 0 });
    });
  });

  describe('the next page', () => {
    it.each([
      ['plain', {}],
      ['of one per label', { onePerLabel: true, k: 2 }],
      ['within a distance', { maxDistance: 1.2 }],
      ['of a filter', { filter: { field: 'label', in: ['label-0', 'label-1'] } }],
    ])('goes on to the end without a gap or a double: %s', async (_, options) => {
      const question = { query: { itemId: 1 }, k: 7, exact: true, ...options };
      const pages = await everyPage(question);
      const whole = await ask({ ...question, k: 100 });
      expect(pages.flatMap(idsOf)).toEqual(idsOf(whole));
      expect(whole.body.next).toBeNull();
      for (const page of pages.slice(0, -1)) expect(resultsOf(page)).toHaveLength(question.k);
    });

    it('needs no picture again, and is the same each time', async () => {
      const first = await ask({ query: { image: base64(filled.pictures[0]) }, k: 5, exact: true });
      const again = await ask({ cursor: first.body.next });
      expect(again.body.timingsMs).toMatchObject({ fetch: 0, decode: 0, embed: 0 });
      expect(idsOf(again)).toHaveLength(5);
      expect(idsOf(again).filter(id => idsOf(first).includes(id))).toEqual([]);
      expect(idsOf(await ask({ cursor: first.body.next }))).toEqual(idsOf(again));
    });

    it('is refused for a cursor that is none, is changed, or is of another model', async () => {
      const { next } = (await ask({ query: { itemId: 1 }, k: 1 })).body;
      const head = Buffer.from(next, 'base64url');
      const other = Buffer.from(head.toString('latin1').replace('tiny@', 'tony@'), 'latin1').toString(
        'base64url',
      );
      const large = Buffer.from(head.toString('latin1').replace('"k":1,', '"k":9e9,'), 'latin1').toString(
        'base64url',
      );
      for (const cursor of ['a', 'AAAA', next.slice(0, -4), `${next}AAAA`, `${next}=`, other, large]) {
        const response = await post({ cursor });
        expectProblem(response, 'invalid-request');
        expect(response.body.field).toBe('cursor');
      }
    });
  });
});
