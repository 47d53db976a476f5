import type { Random } from '../../src/math/random.js';

export const pick = <T>(random: Random, values: readonly T[]): T => values[random.integer(values.length)];

export const odds = (random: Random, share: number): boolean => random.next() < share;

const nested = (depth: number): unknown => {
  let value: unknown = 1;
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : { a: value };
  return value;
};

const texts: readonly string[] = [
  ...[
    '',
    ' ',
    '\0',
    'a\0b',
    '\ud800',
    '\udc00x',
    '\u{1f600}',
    '\u202e',
    'ﬀ',
    'é',
    '__proto__',
    'constructor',
  ],
  ...[
    'toString',
    'null',
    'true',
    '0',
    '-1',
    '1e999',
    'NaN',
    '../../etc/passwd',
    "'; DROP TABLE items; --",
    '%00',
  ],
  ...['metadata.', 'metadata.a"b', 'metadata.a\\', 'metadata.[0]', 'metadata.__proto__', '$', '\r\nX-Odd: 1'],
  ...[
    'x'.repeat(1024),
    'x'.repeat(1025),
    'é'.repeat(70_000),
    '\u2028',
    '<script>',
    'data:image/png;base64,AAAA',
  ],
];
const numbers: readonly number[] = [
  ...[
    0,
    -0,
    -1,
    1,
    2,
    0.5,
    1e-320,
    1e308,
    -1e308,
    2 ** 31,
    2 ** 32,
    2 ** 53 - 1,
    2 ** 53,
    2 ** 64,
    1000,
    1001,
  ],
];

/** A text that something may stumble over. */
export const oddText = (random: Random): string => pick(random, texts);

/** JSON that is rarely what is expected. */
export function oddValue(random: Random): unknown {
  const makers: readonly (() => unknown)[] = [
    () => oddText(random),
    () => pick(random, numbers),
    () => pick(random, [null, true, false]),
    () => [],
    () => ({}),
    () => nested(pick(random, [3, 20, 63, 64, 65, 200, 3000])),
    () => Array.from({ length: pick(random, [1, 17, 33, 5000]) }, () => pick(random, numbers)),
    () => Array.from({ length: 30 }, () => oddText(random)),
    () => Object.fromEntries(Array.from({ length: 12 }, () => [oddText(random), oddText(random)])),
    () => JSON.parse('{"__proto__": {"polluted": true}, "constructor": {"prototype": {"polluted": true}}}'),
  ];
  return pick(random, makers)();
}

/** Bytes of which a few were turned over, cut off, doubled or put in. */
export function damage(bytes: Buffer, random: Random): Buffer {
  const at = random.integer(bytes.length + 1);
  const length = 1 + random.integer(Math.min(64, bytes.length + 1));
  const noise = Buffer.from(Array.from({ length }, () => random.integer(256)));
  const [before, after] = [bytes.subarray(0, at), bytes.subarray(at)];
  const ways: readonly (() => Buffer)[] = [
    () => before,
    () => Buffer.concat([before, noise, after]),
    () => Buffer.concat([before, after.subarray(length)]),
    () => Buffer.concat([before, bytes.subarray(Math.max(0, at - length), at), after]),
    () => {
      const copy = Buffer.from(bytes);
      for (let i = 0; i < 1 + random.integer(8) && copy.length > 0; i++) {
        copy[random.integer(copy.length)] ^= 1 << random.integer(8);
      }
      return copy;
    },
  ];
  return pick(random, ways)();
}
