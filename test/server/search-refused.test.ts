import request, { type Test } from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ErrorCode } from '../../src/errors.js';
import { expectProblem, type FilledApp, openFilledApp } from '../fixtures/filled-app.js';

const path = '/v1/collections/default/search';
const maxImageBytes = 20_000;
const base64 = (bytes: Buffer) => ({ base64: bytes.toString('base64') });
const query = { itemId: 1 };
const vector = Array.from({ length: 16 }, (_, i) => i - 8);

describe('a search in JSON that is no good', () => {
  let filled: FilledApp;

  beforeAll(async () => {
    filled = await openFilledApp({ maxImageBytes });
  });
  afterAll(() => filled.remove());

  const post = (body: unknown): Test =>
    request(filled.app)
      .post(path)
      .send(body as object);

  const malformed: [string, unknown, string | undefined, RegExp][] = [
    ['nothing to look for', {}, 'query', /^query: expected/],
    ['only options', { k: 5 }, 'query', /^query: expected/],
    ['a query and queries', { query, queries: [query] }, 'queries', /there is no field "queries" here/],
    ['a query and a cursor', { query, cursor: 'a' }, 'cursor', /there is no field "cursor" here/],
    ['options beside a cursor', { cursor: 'a', k: 5 }, 'k', /there is no field "k" here/],
    ['an empty query', { query: {} }, 'query.image', /^query\.\w+: expected/],
    [
      'a query of two kinds',
      { query: { itemId: 1, vector } },
      undefined,
      /there is no field "query\.\w+" here/,
    ],
    [
      'a box with a vector',
      { query: { vector, box: { left: 0, top: 0, width: 1, height: 1 } } },
      'query.box',
      /no field/,
    ],
    ['no queries', { queries: [] }, 'queries', /expected array to have >=1 items/],
    ['17 queries', { queries: Array.from({ length: 17 }, () => query) }, 'queries', /<=16 items/],
    ['an id as text', { query: { itemId: '1' } }, 'query.itemId', /expected number, got "1"/],
    ['an id that is none', { query: { itemId: 0 } }, 'query.itemId', /expected number to be >=1, got 0/],
    ['half an id', { query: { itemId: 1.5 } }, 'query.itemId', /expected int, got 1\.5/],
    ['an empty key', { query: { itemKey: '' } }, 'query.itemKey', /got ""/],
    ['an empty vector', { query: { vector: [] } }, 'query.vector', />=1 items/],
    ['a vector of texts', { query: { vector: ['a'] } }, 'query.vector.0', /expected number, got "a"/],
    ['a vector with holes', { query: { vector: [1, null] } }, 'query.vector.1', /expected number, got null/],
    [
      '4097 numbers',
      { query: { vector: Array.from({ length: 4097 }, () => 1) } },
      'query.vector',
      /<=4096 items/,
    ],
    ['a picture as text', { query: { image: 'a' } }, 'query.image', /got "a"/],
    ['base64 with a blank', { query: { image: { base64: 'YQ= =' } } }, 'query.image.base64', /got "YQ= ="/],
    ['a URL of a file', { query: { image: { url: 'file:///etc/passwd' } } }, 'query.image.url', /got "file:/],
    ['a box as a list', { query: { itemId: 1, box: [0, 0, 1, 1] } }, 'query.box', /expected object/],
    [
      'a box without a side',
      { query: { itemId: 1, box: { left: 0, top: 0, width: 1 } } },
      'query.box.height',
      /number/,
    ],
    [
      'a box in pixels',
      { query: { itemId: 1, box: { left: 0, top: 0, width: 24, height: 1 } } },
      'query.box.width',
      /<=1, got 24/,
    ],
    ['k 0', { query, k: 0 }, 'k', /expected number to be >=1, got 0/],
    ['k 1001', { query, k: 1001 }, 'k', /<=1000, got 1001/],
    ['k as text', { query, k: '5' }, 'k', /expected number, got "5"/],
    ['k as null', { query, k: null }, 'k', /expected number, got null/],
    ['a negative distance', { query, maxDistance: -1 }, 'maxDistance', />=0, got -1/],
    ['a distance above 2', { query, maxDistance: 2.1 }, 'maxDistance', /<=2, got 2\.1/],
    ['exact as text', { query, exact: 'true' }, 'exact', /expected boolean, got "true"/],
    ['diversity above 1', { query, diversity: 1.1 }, 'diversity', /<=1, got 1\.1/],
    ['a misspelt option', { query, onePerlabel: true }, 'onePerlabel', /there is no field/],
    ['an empty filter', { query, filter: {} }, 'filter', /expected exactly one of equals, in/],
    [
      'a filter on nothing known',
      { query, filter: { field: 'colour', equals: 1 } },
      'filter',
      /got "colour"/,
    ],
    ['a list', [query], undefined, /expected/],
    ['null', 'null', undefined, /expected/],
  ];
  it.each(malformed)('says what is wrong with %s', async (_, body, field, detail) => {
    const response = await post(body).set('Content-Type', 'application/json');
    expectProblem(response, 'invalid-request');
    expect(response.body.detail).toMatch(detail);
    if (field !== undefined) expect(response.body.field).toBe(field);
  });

  const box = (left: number, width: number) => ({ left, top: 0, width, height: 1 });
  const unusable: [string, object, ErrorCode, string | undefined][] = [
    ['an item that is not there', { query: { itemId: 99 } }, 'not-found', 'itemId'],
    ['a key that is not there', { query: { itemKey: 'nobody' } }, 'not-found', 'itemKey'],
    ['one of several that is not there', { queries: [query, { itemId: 99 }] }, 'not-found', 'itemId'],
    ['a vector that is too short', { query: { vector: [1] } }, 'invalid-vector', 'vector'],
    ['a vector of nothing but 0', { query: { vector: vector.map(() => 0) } }, 'invalid-vector', 'vector'],
    [
      'a vector beyond what is finite',
      { query: { vector: vector.map(() => 1e308) } },
      'invalid-vector',
      'vector',
    ],
    [
      'vectors that come to nothing',
      { queries: [{ vector }, { vector: vector.map(value => -value) }] },
      'invalid-vector',
      'vector',
    ],
    ['a box that reaches out', { query: { itemId: 1, box: box(0.6, 0.5) } }, 'invalid-request', 'box'],
    ['a box of no pixel', { query: { itemId: 1, box: box(0.5, 0.001) } }, 'invalid-request', 'box'],
    ['what is no picture', { query: { image: base64(Buffer.from('text')) } }, 'unsupported-image', undefined],
    [
      'too large a picture',
      { query: { image: base64(Buffer.alloc(maxImageBytes + 1)) } },
      'payload-too-large',
      undefined,
    ],
    ['an address', { query: { image: { url: 'https://shop.example/a.png' } } }, 'url-not-allowed', 'url'],
  ];
  it.each(unusable)('refuses %s', async (_, body, code, field) => {
    const response = await post(body);
    expectProblem(response, code);
    expect(response.body.field).toBe(field);
  });

  it('refuses parameters, which belong into the body', async () => {
    const response = await request(filled.app).post(`${path}?k=5`).send({ query });
    expectProblem(response, 'invalid-request');
    expect(response.body.field).toBe('k');
  });

  describe('among several', () => {
    const batch = (searches: unknown): Test =>
      request(filled.app)
        .post(`${path}/batch`)
        .send({ searches } as object);

    it('says so in its place and leaves the others alone', async () => {
      const good = { query, k: 3, exact: true };
      const searches = [good, ...unusable.map(([, body]) => body), { cursor: 'AAAA' }, good];
      const { body } = await batch(searches).expect(200);
      const alone = (await post(good).expect(200)).body;
      const [first, ...others] = body.answers;
      const last = others.pop();
      for (const answer of [first, last]) {
        expect(answer.results).toEqual(alone.results);
        expect([answer.modelId, answer.next]).toEqual([alone.modelId, alone.next]);
      }
      expect(others.map(({ code, field }: { code: string; field?: string }) => [code, field])).toEqual([
        ...unusable.map(([, , code, field]) => [code, field]),
        ['invalid-request', 'cursor'],
      ]);
    });

    it.each([
      ['none', [], 'searches', />=1 items/],
      ['33', Array.from({ length: 33 }, () => ({ query })), 'searches', /<=32 items/],
      ['one that is malformed', [{ query }, { query, k: 0 }], 'searches.1.k', />=1, got 0/],
      ['one that is nothing', [{}], 'searches.0.query', /expected/],
      ['no list', { query }, 'searches', /expected array/],
    ])('refuses %s', async (_, searches, field, detail) => {
      const response = await batch(searches);
      expectProblem(response, 'invalid-request');
      expect([response.body.field, response.body.detail]).toEqual([field, expect.stringMatching(detail)]);
    });
  });
});
