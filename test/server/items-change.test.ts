import request, { type Test } from 'supertest';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { expectProblem, type FilledApp, openFilledApp } from '../fixtures/filled-app.js';
import { createPicture } from '../fixtures/images.js';

const collection = '/v1/collections/default';
const items = `${collection}/items`;

describe('changing items', () => {
  let filled: FilledApp;
  let picture: Buffer;
  /** A new one for each test. */
  let id: number;
  let count = 0;

  beforeAll(async () => {
    filled = await openFilledApp();
    picture = await createPicture('changed');
  });
  afterAll(() => filled.remove());

  const add = async (text: { key?: string; label?: string | null; metadata?: unknown } = {}) => {
    const item = { key: `changed-${count++}`, image: { base64: picture.toString('base64') }, ...text };
    const { body } = await request(filled.app)
      .post(items)
      .send({ items: [item] })
      .expect(200);
    return body.outcomes[0].item;
  };
  beforeEach(async () => {
    ({ id } = await add({ label: 'chair', metadata: { price: 12, size: { width: 3, height: 4 } } }));
  });

  const patch = (body: unknown): Test =>
    request(filled.app)
      .patch(`${items}/${id}`)
      .send(body as object);

  describe('PATCH', () => {
    it('takes a label, metadata as a merge patch, or both, and leaves the rest', async () => {
      const before = (await request(filled.app).get(`${items}/${id}`)).body;
      const labelled = (await patch({ label: 'sofa' }).expect(200)).body;
      expect(labelled).toEqual({ ...before, label: 'sofa', updatedAt: labelled.updatedAt });
      const merge = { price: null, size: { width: 5 }, colours: ['red', null] };
      const described = (await patch({ metadata: merge }).expect(200)).body;
      expect([described.label, described.metadata]).toEqual([
        'sofa',
        { size: { width: 5, height: 4 }, colours: ['red', null] },
      ]);
      const both = (await patch({ label: null, metadata: { size: 3 } }).expect(200)).body;
      expect([both.label, both.metadata]).toEqual([null, { size: 3, colours: ['red', null] }]);
      expect((await request(filled.app).get(`${items}/${id}`)).body).toEqual(both);
    });

    it('is seen by filters at once', async () => {
      const filter = JSON.stringify({ field: 'metadata.seen', equals: id });
      await patch({ metadata: { seen: id } }).expect(200);
      const { body } = await request(filled.app).get(items).query({ filter }).expect(200);
      expect(body.items.map((item: { id: number }) => item.id)).toEqual([id]);
    });

    const bodies: [string, unknown, string | undefined, RegExp][] = [
      ['nothing', {}, undefined, /expected label, metadata or both, got \{\}/],
      ['another field', { key: 'a' }, 'key', /there is no field "key" here/],
      ['a number as label', { label: 5 }, 'label', /got 5/],
      ['metadata that is null', { metadata: null }, 'metadata', /got null/],
      ['metadata that is a list', { metadata: [1] }, 'metadata', /got \[1\]/],
      ['half a character', { label: '\ud83e' }, 'label', /lone surrogates/],
    ];
    it.each(bodies)('refuses %s', async (_, body, field, detail) => {
      const response = await patch(body);
      expectProblem(response, 'invalid-request');
      expect([response.body.field, response.body.detail]).toEqual([field, expect.stringMatching(detail)]);
    });

    it('refuses what is no JSON, and an item that is not there', async () => {
      const text = request(filled.app)
        .patch(`${items}/${id}`)
        .set('Content-Type', 'text/plain')
        .send('label');
      expectProblem(await text, 'unsupported-media-type');
      const half = request(filled.app)
        .patch(`${items}/${id}`)
        .set('Content-Type', 'application/json')
        .send('{"label":');
      expectProblem(await half, 'invalid-request');
      expectProblem(await request(filled.app).patch(`${items}/${id}`), 'invalid-request');
      expectProblem(await request(filled.app).patch(`${items}/999999`).send({ label: 'a' }), 'not-found');
    });

    it('keeps metadata below their limit, also those that grow bit by bit', async () => {
      await patch({ metadata: { a: 'x'.repeat(40_000) } }).expect(200);
      const response = await patch({ metadata: { b: 'x'.repeat(40_000) } });
      expectProblem(response, 'invalid-request');
      expect(response.body.field).toBe('metadata');
    });
  });

  describe('DELETE', () => {
    it('takes an item away from lists, searches and pictures', async () => {
      await request(filled.app).delete(`${items}/${id}`).expect(204, '');
      for (const path of ['', '/image', '/thumbnail']) {
        expectProblem(await request(filled.app).get(`${items}/${id}${path}`), 'not-found');
      }
      const asked = request(filled.app)
        .post(`${collection}/search`)
        .send({ query: { itemId: id } });
      expectProblem(await asked, 'not-found');
      const { body } = await request(filled.app)
        .post(`${collection}/search?k=100`)
        .attach('image', picture, 'a');
      expect(body.results.map(({ item }: { item: { id: number } }) => item.id)).not.toContain(id);
      expectProblem(await request(filled.app).delete(`${items}/${id}`), 'not-found');
    });

    it('never gives an id again', async () => {
      await request(filled.app).delete(`${items}/${id}`).expect(204);
      expect((await add()).id).toBeGreaterThan(id);
    });
  });

  describe('deleting many', () => {
    const remove = (body: unknown): Test =>
      request(filled.app)
        .post(`${items}/delete`)
        .send(body as object);

    it('takes ids, and says which there were none of', async () => {
      const other = await add();
      const { body } = await remove({ ids: [id, 999_999, other.id, id] }).expect(200);
      expect(body).toEqual({ removed: 2, unknown: [999_999] });
      expect((await remove({ ids: [id] }).expect(200)).body).toEqual({ removed: 0, unknown: [id] });
    });

    it('takes keys, and says which there were none of', async () => {
      const { key } = await add();
      const { body } = await remove({ keys: ['nobody', key, key] }).expect(200);
      expect(body).toEqual({ removed: 1, unknown: ['nobody'] });
    });

    it('takes a filter', async () => {
      const [a, b] = [await add({ metadata: { old: true } }), await add({ metadata: { old: true } })];
      const { body } = await remove({ filter: { field: 'metadata.old', equals: true } }).expect(200);
      expect(body).toEqual({ removed: 2, unknown: [] });
      for (const gone of [a, b])
        expectProblem(await request(filled.app).get(`${items}/${gone.id}`), 'not-found');
      await request(filled.app).get(`${items}/${id}`).expect(200);
    });

    const bodies: [string, unknown, RegExp][] = [
      ['nothing', {}, /expected/],
      ['no ids', { ids: [] }, /ids: expected array to have >=1 items/],
      ['two ways at once', { ids: [1], keys: ['a'] }, /there is no field "keys" here/],
      ['a text as id', { ids: ['1'] }, /ids\.0: expected number, got "1"/],
      ['half an id', { ids: [1.5] }, /ids\.0: expected int.*got 1\.5/],
      ['an empty key', { keys: [''] }, /keys\.0/],
      ['an empty filter', { filter: {} }, /filter: expected exactly one of equals/],
      ['a filter by nothing known', { filter: { field: 'colour', equals: 1 } }, /filter.*got "colour"/],
      ['10001 ids', { ids: Array.from({ length: 10_001 }, (_, i) => i + 1) }, /10000/],
    ];
    it.each(bodies)('refuses %s and deletes nothing', async (_, body, detail) => {
      const before = (await request(filled.app).get(collection)).body.items;
      const response = await remove(body);
      expectProblem(response, 'invalid-request');
      expect(response.body.detail).toMatch(detail);
      expect((await request(filled.app).get(collection)).body.items).toBe(before);
    });
  });

  describe('listing', () => {
    const list = (query: Record<string, string>): Test => request(filled.app).get(items).query(query);
    const idsOf = ({ body }: { body: { items: { id: number }[] } }): number[] =>
      body.items.map(item => item.id);

    it('finds the item of a key, or none', async () => {
      expect(idsOf(await list({ key: 'picture-3.png' }).expect(200))).toEqual([4]);
      const none = await list({ key: 'picture-3' }).expect(200);
      expect(none.body).toEqual({ items: [], next: null });
    });

    it('pages through what a filter holds for', async () => {
      const filter = JSON.stringify({ field: 'label', in: ['label-0', 'label-2'] });
      const found: number[] = [];
      for (let after: number | null = 0; after !== null; ) {
        const page: Awaited<Test> = await list({ filter, limit: '3', after: String(after) }).expect(200);
        found.push(...idsOf(page));
        after = page.body.next;
      }
      expect(found).toEqual([1, 3, 4, 6, 7, 9, 10, 12]);
    });

    it('takes a key and a filter together', async () => {
      const holds = JSON.stringify({ field: 'metadata.number', range: { gte: 3 } });
      const fails = JSON.stringify({ field: 'metadata.number', range: { gt: 3 } });
      expect(idsOf(await list({ key: 'picture-3.png', filter: holds }).expect(200))).toEqual([4]);
      expect(idsOf(await list({ key: 'picture-3.png', filter: fails }).expect(200))).toEqual([]);
    });

    it.each(['{', '[]', '{"field":"label"}', '{"field":"nope","equals":1}', '5', ''])(
      'refuses the filter %j',
      async filter => {
        const response = await list({ filter });
        expectProblem(response, 'invalid-request');
        expect(response.body.field).toMatch(/^filter/);
      },
    );
  });
});

describe('a server that changes nothing', () => {
  it('refuses every change, whatever its body, and goes on answering', async () => {
    const filled = await openFilledApp({ access: 'read', count: 3 });
    const { app } = filled;
    const changes: Test[] = [
      request(app).post(items).set('Content-Type', 'image/png').send(filled.pictures[0]),
      request(app).post(items).send({ items: [] }),
      request(app).patch(`${items}/1`).send({ label: 'a' }),
      request(app).delete(`${items}/1`),
      request(app)
        .post(`${items}/delete`)
        .send({ ids: [1] }),
      request(app).delete(collection),
    ];
    for (const change of changes) expectProblem(await change, 'read-only');
    await request(app).get(`${items}/1/image`).expect(200);
    await request(app).post(`${collection}/search`).attach('image', filled.pictures[0], 'a').expect(200);
    await filled.remove();
  });
});
