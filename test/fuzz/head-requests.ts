import { collectionPath, type RequestMaker } from './known.js';
import { damage, odds, oddText, oddValue, pick } from './odd-values.js';
import { type RawRequest, writeRequest } from './raw-request.js';

const methods = [
  ...['GET', 'GET', 'GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'QUERY', 'PROPFIND'],
  ...['CONNECT', 'M-SEARCH', 'get', 'NONSENSE', ''],
];
const paths = [
  ...[
    '/',
    '/healthz',
    '/readyz',
    '/metrics',
    '/openapi.json',
    '/docs',
    '/v1/models',
    '/v1/collections',
    '/v1/jobs',
  ],
  ...[
    '/v1/collections/none',
    '/v1/collections/none/items',
    `${collectionPath}/items`,
    `${collectionPath}/items/1`,
  ],
  ...[`${collectionPath}/items/1/image`, `${collectionPath}/items/1/thumbnail`, `${collectionPath}/search`],
  ...[`${collectionPath}/clustering`, `${collectionPath}/clusters`, `${collectionPath}/clusters/1/history`],
  ...[
    `${collectionPath}/duplicates`,
    `${collectionPath}/duplicates/decisions`,
    `${collectionPath}/evaluations`,
  ],
  ...['/v1/jobs/1', '/v1/jobs/1/events', '/v1/jobs/99999/events', `${collectionPath}/model/rollback`],
];
const addresses = [
  ...[
    '*',
    '//',
    '///v1/models',
    '//a@[/#',
    '//a@b/#x',
    '/\\..\\',
    '/%',
    '/%ff',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/;',
    '/?',
  ],
  ...[
    '/v1/collections/%ff',
    '/v1/collections/%00',
    '/v1/collections/%2e%2e',
    '/v1/collections/__proto__',
    '/v1//jobs',
  ],
  ...[
    '/v1/../v1/models',
    '/docs/../../package.json',
    `/${'a/'.repeat(3000)}`,
    `/${'%41'.repeat(4000)}`,
    '/\xa0#',
    '/\xff',
  ],
  ...[
    'http://localhost/healthz',
    'http://[::1/',
    'http://a:b:c/',
    'http:///',
    'ftp://x/',
    'http://%ff/',
    'x:y',
    'foo',
  ],
  ...[
    'http://%%ff::1@*',
    '/v1/collections/default/items/1e3',
    '/v1/collections/default/items/-1',
    '/v1/jobs/0',
    '/v1/collections/default/clusters/-1',
    '/v1/collections/default/clusters/1/merge/',
    '/v1/collections/default/evaluations/99999999999999999999',
    '/v1/collections/default/duplicates/decisions/1e3',
  ],
  ...[
    '/v1/collections/default/items/99999999999999999999',
    '/V1/COLLECTIONS',
    '/healthz/',
    '/page.js.map',
    '/.git',
  ],
];
const parameters = [
  'k',
  'limit',
  'after',
  'filter',
  'key',
  'side',
  'box',
  'exact',
  'state',
  'collection',
  'metadata',
  'before',
  'order',
  'tiers',
  'comparedWith',
];
const headers = [
  ...[
    'Accept: ;;;,,,',
    'Accept: */*;q=x',
    `Accept: ${'a/b,'.repeat(3000)}`,
    'Accept: image/webp;q=0',
    'Accept:',
  ],
  ...[
    'If-None-Match: *',
    'If-None-Match: "',
    'If-None-Match: W/"a", "b',
    `If-None-Match: ${'"a",'.repeat(3000)}`,
  ],
  ...[
    'Prefer: respond-async',
    `Prefer: ${'respond-async;'.repeat(900)}`,
    'Prefer: =',
    'Range: bytes=0-',
    'Range: bytes=-',
  ],
  ...['Authorization: Bearer', 'Authorization: Bearer \xff', `Authorization: Bearer ${'a'.repeat(9000)}`],
  ...['Authorization: Basic Og==', 'X-API-Key: ', 'X-API-Key: medoid_abcdefgh_short', 'X-API-Key: a, b'],
  ...[
    'Origin: null',
    'Origin: http://[',
    'Origin: http://evil.example',
    'Origin: http://localhost',
    'Origin: \xff',
  ],
  ...[
    'Host: evil.example',
    'Host: [',
    'Host: a:b:c',
    'Host:',
    'Host: localhost:99999999',
    `Host: ${'h'.repeat(5000)}`,
  ],
  ...[
    'X-Request-Id: a b',
    'X-Request-Id: \x80',
    `X-Request-Id: ${'i'.repeat(64)}`,
    'X-Request-Id: ../..',
    'Expect: x',
  ],
  ...[
    'Expect: 100-continue',
    'Upgrade: h2c\r\nConnection: Upgrade',
    'Upgrade: websocket',
    'Connection: keep-alive',
  ],
  ...[
    'Sec-Fetch-Site: cross-site',
    'If-Modified-Since: x',
    'X-Forwarded-For: 1.1.1.1',
    'X-HTTP-Method-Override: DELETE',
  ],
  ...[
    `Cookie: ${'c'.repeat(15_000)}`,
    `X-Long: ${'x'.repeat(70_000)}`,
    'Bad Name: x',
    'X\0: y',
    'X: \0',
    ': x',
    'X',
  ],
  ...[
    'Access-Control-Request-Method: DELETE',
    'Content-Type: \xff',
    'Content-Type: multipart/form-data',
    'X: a\r\n b',
  ],
];

/** Half characters become whole ones: nothing else can be escaped. */
const toQuery = (text: string, longest: number): string =>
  encodeURIComponent(Buffer.from(text.slice(0, longest)).toString());

/** First lines and headers of every kind, on every path; most get no further. */
export const headRequest: RequestMaker<RawRequest> = (random, { itemIds }) => {
  const query = odds(random, 0.4)
    ? `?${pick(random, parameters)}=${toQuery(oddText(random), 1000)}`
    : odds(random, 0.2)
      ? `?${pick(random, parameters)}=${toQuery(JSON.stringify(oddValue(random)), 4000)}`
      : odds(random, 0.1)
        ? `?${pick(random, ['a[b][c]=1', '__proto__=1', '%ff=%', '&&&==', `k=1${'&k=1'.repeat(1500)}`, '?', '#'])}`
        : '';
  const path = odds(random, 0.2)
    ? `${collectionPath}/items/${pick(random, itemIds)}/${pick(random, ['image', 'thumbnail'])}`
    : pick(random, paths);
  const bytes = writeRequest({
    method: pick(random, methods),
    target: odds(random, 0.3) ? pick(random, addresses) : path + query,
    headers: Array.from({ length: random.integer(4) }, () => pick(random, headers)),
  });
  const version = odds(random, 0.05)
    ? pick(random, ['HTTP/1.0', 'HTTP/2.0', 'HTTP/9', 'HTTQ/1.1', ''])
    : 'HTTP/1.1';
  const asSaid = Buffer.from(bytes.toString('latin1').replace('HTTP/1.1', version), 'latin1');
  return { kind: 'head', bytes: odds(random, 0.1) ? damage(asSaid, random) : asSaid, isWhole: false };
};

/** Parameters whose text is JSON are short, and still deep enough to end a recursion. */
export const deepParameterRequest: RequestMaker<RawRequest> = (random, { pictures }) => {
  const depth = pick(random, [10, 64, 65, 500, 3000, 7000]);
  const [open, close] = pick(random, [
    ['[', ']'],
    ['{"a":', '}'],
    ['{"not":', '}'],
  ]);
  const value = open.repeat(Math.ceil(depth / open.length)) + (open === '[' ? '' : '1');
  const text = `{"a":${value}${close.repeat(Math.ceil(depth / open.length))}}`;
  const [name, path] = pick(random, [
    ['metadata', '/items?key=deep&'],
    ['filter', '/search?'],
    ['box', '/search?'],
  ]);
  // As it is: llhttp takes quotes and braces, and escaped it would not fit.
  const bytes = writeRequest({
    method: 'POST',
    target: `${collectionPath}${path}${name}=${text}`,
    headers: ['Content-Type: image/png'],
    body: pictures.png,
  });
  return { kind: 'parameter', bytes, isWhole: true };
};
