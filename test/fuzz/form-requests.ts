import type { Random } from '../../src/math/random.js';
import { collectionPath, type Known, type RequestMaker } from './known.js';
import { damage, odds, oddText, oddValue, pick } from './odd-values.js';
import { type RawRequest, wholeRequest, writeRequest } from './raw-request.js';

const names = [
  ...[
    'image',
    'image',
    'image',
    'items',
    'items',
    'file',
    '',
    '__proto__',
    'constructor',
    'image[]',
    'a[b][c]',
  ],
  ...['items[__proto__]', 'x'.repeat(101), 'im\0age', 'ïmage', 'image"', 'k', 'image[0]'],
];
const filenames = [
  ...[
    'a.png',
    '',
    '../../../etc/passwd',
    '/',
    'a\0.png',
    'ü.png',
    '%00',
    'x'.repeat(5000),
    '__proto__',
    'a.svg',
  ],
  ...['a"b', 'a\\"b', 'C:\\a.png', '.', '..'],
];
const types = ['image/png', 'text/html', 'multipart/mixed; boundary=y', 'x', 'text/plain; charset=utf-7', ''];
const boundaries = ['x', '-', `${'b'.repeat(70)}`, "'()+_,-./:=?", 'x'.repeat(300), 'a b', 'ä'];

const itemsField = (random: Random): string =>
  odds(random, 0.5)
    ? JSON.stringify([{ key: `form-${random.integer(40)}`, label: 'form', metadata: { a: 1 } }])
    : (JSON.stringify(oddValue(random)) ?? '');

function createPart(random: Random, known: Known): Buffer {
  const name = pick(random, names);
  const isFile = odds(random, name.startsWith('image') ? 0.9 : 0.2);
  const disposition = [
    `Content-Disposition: ${odds(random, 0.95) ? 'form-data' : pick(random, ['attachment', '', 'form-data; form-data'])}`,
    ...(odds(random, 0.95) ? [`name="${name}"`] : []),
    ...(isFile ? [`filename="${pick(random, filenames)}"`] : []),
    ...(odds(random, 0.1) ? ["filename*=UTF-8''%ff%00%E2%82"] : []),
    ...(odds(random, 0.05) ? ['name="image"', 'name=items'] : []),
  ].join('; ');
  const others = [
    ...(odds(random, 0.4) ? [`Content-Type: ${pick(random, types)}`] : []),
    ...(odds(random, 0.1) ? ['Content-Transfer-Encoding: base64'] : []),
    ...(odds(random, 0.05) ? [`X-Long: ${'y'.repeat(100_000)}`] : []),
    ...(odds(random, 0.05) ? Array.from({ length: 3000 }, (_, i) => `X-${i}: y`) : []),
    ...(odds(random, 0.05) ? ['no header', ': ', ' folded'] : []),
  ];
  const head = Buffer.from(`${[disposition, ...others].join('\r\n')}\r\n\r\n`, 'latin1');
  const picture = pick(random, Object.values(known.pictures));
  const content = isFile ? picture : Buffer.from(name === 'items' ? itemsField(random) : oddText(random));
  return Buffer.concat([head, odds(random, 0.1) ? damage(content, random) : content]);
}

const joinParts = (parts: readonly Buffer[], boundary: string, end = `--${boundary}--\r\n`): Buffer =>
  Buffer.concat([
    ...parts.flatMap(part => [Buffer.from(`--${boundary}\r\n`), part, Buffer.from('\r\n')]),
    Buffer.from(end),
  ]);

function createForm(random: Random, known: Known, boundary: string): Buffer {
  const count = pick(random, [0, 1, 1, 1, 2, 3, 17, 65]);
  const parts = odds(random, 0.04)
    ? Array.from({ length: 5000 }, () => Buffer.from('Content-Disposition: form-data; name="a"\r\n\r\n'))
    : Array.from({ length: count }, () => createPart(random, known));
  if (odds(random, 0.05)) parts.push(Buffer.from('\r\n--x--\r\n--x\r\n'));
  const end = odds(random, 0.9) ? undefined : pick(random, ['', `--${boundary}`, '--', '\r\n\r\n']);
  return joinParts(parts, boundary, end);
}

const targets = [
  '/search',
  '/search?k=3',
  '/items',
  '/items?key=form',
  '/clusters?clusters=2',
  '/clusters?facilityCost=1&method=k-means',
  '/items/1',
  '/search/batch',
  '/items/delete',
];

const rightPart = (random: Random, known: Known): Buffer =>
  Buffer.concat([
    Buffer.from(
      `Content-Disposition: form-data; name="image"; filename="form-${random.integer(60)}.png"\r\n\r\n`,
    ),
    pick(random, Object.values(known.pictures)),
  ]);

/** Forms, most of them broken; a few right. */
export const formRequest: RequestMaker<RawRequest> = (random, known) => {
  const isRight = odds(random, 0.3);
  const boundary = odds(random, 0.8) || isRight ? 'x' : pick(random, boundaries);
  const form = isRight
    ? joinParts(
        Array.from({ length: 1 + random.integer(3) }, () => rightPart(random, known)),
        boundary,
      )
    : createForm(random, known, boundary);
  const said = odds(random, 0.95) ? boundary : pick(random, ['', '"', '"x', 'y']);
  return wholeRequest('form', {
    method: isRight ? 'POST' : pick(random, ['POST', 'POST', 'POST', 'POST', 'PATCH', 'PUT']),
    target: `${collectionPath}${pick(random, isRight ? targets.slice(0, 3) : targets)}`,
    headers: [
      `Content-Type: multipart/form-data; boundary=${odds(random, 0.9) ? said : `"${said}"; boundary=z`}`,
      ...(odds(random, 0.1) ? ['Prefer: respond-async'] : []),
    ],
    body: odds(random, 0.15) ? damage(form, random) : form,
    chunked: odds(random, 0.3),
  });
};

/** Bodies whose length or chunks are not as they say. */
export const framingRequest: RequestMaker<RawRequest> = (random, known) => {
  const form = createForm(random, known, 'x');
  const head = writeRequest({
    method: 'POST',
    target: `${collectionPath}/${pick(random, ['search', 'items', 'clusters'])}`,
    headers: [
      `Content-Type: ${pick(random, ['multipart/form-data; boundary=x', 'application/json', 'image/png'])}`,
      ...pick(random, [
        ...[['Content-Length: 5'], ['Content-Length: 99999999999999999999'], ['Content-Length: -1']],
        ...[['Content-Length: 1e3'], ['Content-Length: 0x10'], ['Transfer-Encoding: chunked']],
        ...[
          ['Transfer-Encoding: chunked', 'Content-Length: 3'],
          ['Content-Length: 3', 'Content-Length: 4'],
        ],
        ...[
          ['Transfer-Encoding: gzip, chunked'],
          ['Transfer-Encoding: xchunked'],
          ['Transfer-Encoding: chunked, x'],
        ],
        ...[
          ['Content-Encoding: gzip', 'Content-Length: 20'],
          ['Expect: 100-continue', 'Content-Length: 100000'],
        ],
        ...[['Transfer-Encoding: chunked', 'Trailer: X'], ['Content-Length: 2000000000']],
      ]),
    ],
  });
  const lies = [
    'ffffffffffffffff\r\nx',
    'g\r\nx\r\n',
    `5;${'e'.repeat(20_000)}\r\nabcde\r\n0\r\n\r\n`,
    '-1\r\n',
    `3\r\nabc\r\n0\r\nX: ${'y'.repeat(50_000)}\r\n\r\n`,
    '1\r\na\r\n'.repeat(2000),
    '5\r\nabc\r\n0\r\n\r\nGET /healthz HTTP/1.1\r\n\r\n',
  ];
  const body = odds(random, 0.5) ? form : Buffer.from(pick(random, lies));
  return { kind: 'framing', bytes: Buffer.concat([head, body]), isWhole: false };
};
