import type { Random } from '../../src/math/random.js';
import { collectionPath, type Known, type RequestMaker } from './known.js';
import { damage, odds, oddText, oddValue, pick } from './odd-values.js';
import { type RawRequest, type RequestParts, wholeRequest } from './raw-request.js';

type JsonRequest = Pick<RequestParts, 'method' | 'target' | 'headers'> & { readonly body: unknown };

const filters: readonly unknown[] = [
  { field: 'label', equals: 'label-1' },
  { field: 'metadata.number', in: [1, 2, 'x', null, true] },
  { field: 'metadata.a.b', range: { gte: 0, lt: 5 } },
  { field: 'createdAt', range: { gt: '2020' } },
  { not: { field: 'id', exists: true } },
  { and: [{ field: 'key', equals: 'k' }, { or: [{ field: 'metadata.x', exists: false }] }] },
];

/** Ids of clusters are at most this, so that some of what is asked for is there. */
const clustersAtMost = 40;

const box = { left: 0, top: 0.25, width: 0.5, height: 0.5 };

/** Right ones, of every route that takes JSON. */
function validRequest(random: Random, known: Known): JsonRequest {
  const id = pick(random, known.itemIds);
  const base64 = pick(random, Object.values(known.pictures)).toString('base64');
  const vector = Array.from({ length: known.dimension }, () => random.normal());
  const filter = pick(random, filters);
  const post = (path: string, body: unknown): JsonRequest => ({
    method: 'POST',
    target: `${collectionPath}${path}`,
    body,
  });
  const item = {
    key: `json-${random.integer(40)}`,
    label: 'json',
    metadata: { a: { b: 1 } },
    image: { base64 },
  };
  const cluster = `/clusters/${1 + random.integer(clustersAtMost)}`;
  const search = { query: { itemId: id, box }, k: 3, exact: true, filter, diversity: 0.3, includeSelf: true };
  return pick(random, [
    post('/search', search),
    post('/search', { query: { vector }, onePerLabel: true, maxDistance: 1.5 }),
    post('/search', { queries: [{ image: { base64 } }, { itemKey: 'picture-1.png' }, { vector }] }),
    post('/search', { cursor: known.cursor }),
    post('/search/batch', { searches: [search, { query: { vector } }, { cursor: known.cursor }] }),
    post('/items', { items: [item, { image: { url: 'http://127.0.0.1/a.png' } }] }),
    { ...post('/items', { items: [item] }), headers: ['Prefer: respond-async'] },
    post('/items/delete', { ids: [id, 999_999] }),
    post('/items/delete', { keys: [item.key, 'nobody'] }),
    post('/items/delete', { filter: { and: [{ field: 'label', equals: 'json' }, filter] } }),
    post('/clusters', { clusters: 'elbow', mostClusters: 4, filter }),
    post('/clusters', { clusters: 2, facilityCost: 0.5, itemIds: [id, pick(random, known.itemIds)] }),
    post('/jobs', { kind: 'cluster', clusters: 3, method: 'k-means', seed: 1 }),
    post('/jobs', { kind: 'dedupe', maxDistance: 0.1 }),
    post('/duplicates', { maxDistance: 0.1, tiers: ['near'] }),
    post('/duplicates/decisions', { verdict: 'keep', itemIds: [id, 1, 2] }),
    post('/jobs', { kind: 'evaluate', ks: [1, 2] }),
    post('/evaluations', { ks: [1, 2], seed: 1, clusters: 2, filter, worst: 1 }),
    post('/jobs', { kind: 'consolidate-clusters' }),
    post(`${cluster}/merge`, { with: [1 + random.integer(clustersAtMost), 2] }),
    post(`${cluster}/split`, odds(random, 0.5) ? {} : { itemIds: [id] }),
    post(`${cluster}/items`, { itemIds: [id, pick(random, known.itemIds)] }),
    {
      method: 'PATCH',
      target: collectionPath + cluster,
      body: pick<object>(random, [{ name: 'n', held: false }, { medoid: id }, { name: null, medoid: null }]),
    },
    {
      method: 'PUT',
      target: `${collectionPath}/clustering`,
      body: pick<object>(random, [
        { facilityCost: 'auto' },
        { facilityCost: 0.5, seed: 1, consolidateAfter: 50 },
      ]),
    },
    {
      method: 'PATCH',
      target: `${collectionPath}/items/${id}`,
      body: { label: 'l', metadata: { a: null, c: 1 } },
    },
    { method: 'PUT', target: `${collectionPath}/model`, body: { modelId: known.modelId } },
    { method: 'POST', target: '/v1/collections', body: { name: 'other', modelId: known.modelId } },
  ]);
}

/** With something odd in the place of something in it, or beside it. */
function mutate(value: unknown, random: Random): unknown {
  if (typeof value !== 'object' || value === null || odds(random, 0.15)) return oddValue(random);
  const entries = Object.entries(value);
  if (entries.length === 0) return oddValue(random);
  const chosen = random.integer(entries.length);
  if (Array.isArray(value)) return value.map((entry, i) => (i === chosen ? mutate(entry, random) : entry));
  const [name, inner] = entries[chosen];
  const changed: [string, unknown][] = odds(random, 0.2)
    ? [[oddText(random), oddValue(random)]]
    : odds(random, 0.15)
      ? []
      : [[name, mutate(inner, random)]];
  return Object.fromEntries([...entries.filter((_, i) => i !== chosen || odds(random, 0.1)), ...changed]);
}

const tokens = [
  'NaN',
  '-Infinity',
  '1e999',
  '-0',
  '0x1',
  '01',
  '1.',
  "'a'",
  'undefined',
  '//',
  '/*',
  '\\u00',
  '"\t"',
];

/** JSON, or nearly. */
function writeOddly(text: string, random: Random): Buffer {
  const bytes = Buffer.from(text);
  const depth = pick(random, [100, 20_000, 200_000]);
  const ways: readonly (() => Buffer)[] = [
    () => damage(bytes, random),
    () => Buffer.concat([Buffer.from('\ufeff'), bytes]),
    () => Buffer.from(text, 'utf16le'),
    () => Buffer.concat([bytes, bytes]),
    () => Buffer.from(text.replace(/:[^,}\]]*/, `:${pick(random, tokens)}`)),
    () => Buffer.from(text.replace('{', '{"__proto__":{"k":1},"query":1,"query":2,')),
    () => Buffer.from(text.replace(/:[^,}\]]*/, `:${'['.repeat(depth)}${']'.repeat(depth)}`)),
    () => Buffer.from(text.replace(/:[^,}\]]*/, `:${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`)),
    () => Buffer.concat([bytes.subarray(0, 3), Buffer.from([0xff, 0xc0, 0x80]), bytes.subarray(3)]),
    () => Buffer.from(text.replaceAll('a', '\\ud800')),
    () => Buffer.from(`{"items":[${'{},'.repeat(100_000)}1]}`),
  ];
  return pick(random, ways)();
}

const types = [
  'application/json',
  'application/json; charset=utf-16',
  'application/JSON',
  'application/problem+json',
];

export const jsonRequest: RequestMaker<RawRequest> = (random, known) => {
  const { body, headers = [], ...request } = validRequest(random, known);
  const text = JSON.stringify(odds(random, 0.8) ? mutate(body, random) : body) ?? '';
  return wholeRequest('json', {
    ...request,
    headers: [...headers, `Content-Type: ${odds(random, 0.9) ? types[0] : pick(random, types)}`],
    body: odds(random, 0.3) ? writeOddly(text, random) : text,
    chunked: odds(random, 0.2),
  });
};

const turnBit = (text: string, random: Random): string => {
  const bytes = Buffer.from(text, 'base64url');
  bytes[random.integer(bytes.length)] ^= 1 << random.integer(8);
  return bytes.toString('base64url');
};

/** With another vector. */
function turnVector(cursor: string, random: Random, dimension: number): string {
  const bytes = Buffer.from(cursor, 'base64url');
  const numbers = [Number.NaN, Number.POSITIVE_INFINITY, 0, 1e38, 1, -0.25];
  const odd = pick(random, numbers);
  for (let d = 0; d < dimension; d++) {
    if (odds(random, 0.7)) bytes.writeFloatLE(odd, bytes.length - 4 * (d + 1));
  }
  return bytes.toString('base64url');
}

/** Cursors are kept by clients, who may change them. */
export const cursorRequest: RequestMaker<RawRequest> = (random, { cursor, dimension }) => {
  const head = { modelId: 'x', offset: oddValue(random), options: oddValue(random) };
  const ways: readonly (() => unknown)[] = [
    () => turnBit(cursor, random),
    () => turnVector(cursor, random, dimension),
    () => turnBit(turnBit(cursor, random), random),
    () => damage(Buffer.from(cursor), random).toString('latin1'),
    () =>
      Buffer.concat([Buffer.from([1, 255, 255, 255, random.integer(256)]), Buffer.from('{}')]).toString(
        'base64url',
      ),
    () =>
      Buffer.concat([Buffer.from([1, 255, 0, 0, 0]), Buffer.from(JSON.stringify(head))]).toString(
        'base64url',
      ),
    () => oddValue(random),
  ];
  return wholeRequest('cursor', {
    method: 'POST',
    target: `${collectionPath}/search`,
    headers: ['Content-Type: application/json'],
    body: JSON.stringify({ cursor: pick(random, ways)() }),
  });
};
