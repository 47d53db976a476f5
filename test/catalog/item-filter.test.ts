import Database from 'better-sqlite3';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compileItemFilter } from '../../src/catalog/compile-item-filter.js';
import { type ItemFilter, itemFilterSchema } from '../../src/catalog/item-filter.js';
import { migrations } from '../../src/catalog/migrations.js';
import { naiveMatches } from '../oracles/naive-filter.js';

interface Row {
  readonly key: string;
  readonly label: string | null;
  readonly metadata: Record<string, unknown>;
  readonly width: number;
}

/** An item as an answer has it, id and all. */
const toItem = (row: Row, i: number): Record<string, unknown> => ({
  ...row,
  id: i + 1,
  height: 3,
  bytes: 100 + i,
  format: i % 2 === 0 ? 'png' : 'jpeg',
  createdAt: `2024-01-0${1 + (i % 9)}T00:00:00.000Z`,
  updatedAt: '2024-02-01T00:00:00.000Z',
});

/** A catalog in memory, of as many items as there are rows; answers the ids that a filter finds. */
function createFinder(rows: readonly Row[]): (filter: ItemFilter) => number[] {
  const database = new Database(':memory:');
  for (const sql of migrations) database.exec(sql);
  database.exec(`INSERT INTO collections (name, created_at) VALUES ('default', '2024-01-01T00:00:00.000Z')`);
  const add = database.prepare(`INSERT INTO items
    (id, collection_id, key, label, metadata, image_sha256, format, width, height, bytes, created_at, updated_at)
    VALUES (@id, 1, @key, @label, @metadata, @sha256, @format, @width, @height, @bytes, @createdAt, @updatedAt)`);
  for (const [i, row] of rows.entries()) {
    add.run({ ...toItem(row, i), metadata: JSON.stringify(row.metadata), sha256: '0'.repeat(64) });
  }
  return filter => {
    const { sql, parameters } = compileItemFilter(itemFilterSchema.parse(filter));
    return database
      .prepare(`SELECT id FROM items WHERE ${sql} ORDER BY id`)
      .pluck()
      .all(...parameters) as number[];
  };
}

const ofMetadata = (...metadata: readonly Record<string, unknown>[]) =>
  createFinder(metadata.map((entry, i) => ({ key: `k${i}`, label: null, metadata: entry, width: 4 })));

describe('an item filter', () => {
  it('never compares across types', () => {
    const find = ofMetadata(
      { a: 5 },
      { a: '5' },
      { a: true },
      { a: 1 },
      { a: '1' },
      { a: 'true' },
      { a: null },
    );
    expect(find({ field: 'metadata.a', equals: 5 })).toEqual([1]);
    expect(find({ field: 'metadata.a', equals: '5' })).toEqual([2]);
    expect(find({ field: 'metadata.a', equals: true })).toEqual([3]);
    expect(find({ field: 'metadata.a', in: [1, 'true'] })).toEqual([4, 6]);
    expect(find({ field: 'metadata.a', range: { gte: 1 } })).toEqual([1, 4]);
    expect(find({ field: 'metadata.a', range: { gte: '1' } })).toEqual([2, 5, 6]);
    expect(find({ field: 'id', equals: '5' })).toEqual([]);
    expect(find({ field: 'id', range: { gt: '0' } })).toEqual([]);
    expect(find({ field: 'key', in: [0, 'k0'] })).toEqual([1]);
    expect(find({ field: 'width', equals: true })).toEqual([]);
  });

  it('knows null from missing, and counts neither as being there', () => {
    const find = ofMetadata({ a: null }, {}, { a: 0 });
    expect(find({ field: 'metadata.a', equals: null })).toEqual([1]);
    expect(find({ field: 'metadata.a', exists: true })).toEqual([3]);
    expect(find({ field: 'metadata.a', exists: false })).toEqual([1, 2]);
    expect(find({ field: 'metadata.a', range: { lt: 1 } })).toEqual([3]);
  });

  it('finds by `not` exactly what its filter does not find, missing fields too', () => {
    const find = ofMetadata({ a: 1 }, {}, { a: 'x' });
    expect(find({ not: { field: 'metadata.a', equals: 1 } })).toEqual([2, 3]);
    expect(find({ not: { field: 'metadata.a', range: { gt: 0 } } })).toEqual([2, 3]);
    expect(find({ not: { field: 'label', equals: 'x' } })).toEqual([1, 2, 3]);
    expect(find({ not: { not: { field: 'label', range: { gt: 'a' } } } })).toEqual([]);
  });

  it('looks into arrays for equal elements, but not into objects, and not for ranges', () => {
    const find = ofMetadata({ a: ['x', 2, null] }, { a: { b: 'x' } }, { a: [['x']] }, { a: 'x' }, { a: [] });
    expect(find({ field: 'metadata.a', equals: 'x' })).toEqual([1, 4]);
    expect(find({ field: 'metadata.a', in: [2, 3] })).toEqual([1]);
    expect(find({ field: 'metadata.a', equals: null })).toEqual([1]);
    expect(find({ field: 'metadata.a', range: { gte: 2 } })).toEqual([]);
    expect(find({ field: 'metadata.a', exists: true })).toEqual([1, 2, 3, 4, 5]);
    expect(find({ field: 'metadata.a.b', equals: 'x' })).toEqual([2]);
  });

  it('finds items without a label, and by every column', () => {
    const find = createFinder([
      { key: 'a', label: null, metadata: {}, width: 4 },
      { key: 'b', label: 'chair', metadata: {}, width: 9 },
    ]);
    const finds: [ItemFilter, number[]][] = [
      [{ field: 'label', exists: false }, [1]],
      [{ field: 'label', equals: null }, [1]],
      [{ field: 'label', in: ['chair', null] }, [1, 2]],
      [{ field: 'id', in: [2, 7] }, [2]],
      [{ field: 'key', range: { gt: 'a' } }, [2]],
      [{ field: 'width', range: { gte: 4, lt: 9 } }, [1]],
      [{ field: 'height', equals: 3 }, [1, 2]],
      [{ field: 'bytes', equals: 101 }, [2]],
      [{ field: 'format', equals: 'jpeg' }, [2]],
      [{ field: 'createdAt', range: { lt: '2024-01-02' } }, [1]],
      [{ field: 'updatedAt', exists: true }, [1, 2]],
    ];
    for (const [filter, ids] of finds) expect([filter, find(filter)]).toEqual([filter, ids]);
  });

  it('finds a number as JavaScript has it, however SQLite reads its digits', () => {
    const numbers = [2 ** 60, -(2 ** 62), 1e21, 0.1 + 0.2, 5e-324];
    const find = ofMetadata(...numbers.map(a => ({ a })));
    for (const [i, equals] of numbers.entries()) {
      expect(find({ field: 'metadata.a', equals })).toEqual([i + 1]);
      expect(find({ field: 'metadata.a', in: [equals, 7] })).toEqual([i + 1]);
      expect(find({ field: 'metadata.a', range: { gte: equals, lte: equals } })).toEqual([i + 1]);
    }
  });

  it('takes whatever stands in a name for a name', () => {
    const names = ['a"b', 'a\\', `a'b`, 'a[0]', '$', '#', ' ', '\n', '\u0000', 'ä', '😀', '"', '") OR 1 --'];
    const find = ofMetadata(...names.map(name => ({ [name]: 1 })));
    for (const [i, name] of names.entries()) {
      expect(find({ field: `metadata.${name}`, equals: 1 })).toEqual([i + 1]);
    }
  });

  it('gives text and numbers to SQLite as parameters only', () => {
    const { sql, parameters } = compileItemFilter({
      and: [
        { field: 'metadata.secret', equals: `'; DROP TABLE items; --` },
        { field: 'metadata.secret', in: [12345, 'many'] },
        { field: 'key', range: { gt: 'secret' } },
      ],
    });
    expect(sql).not.toMatch(/secret|DROP|12345|many/);
    expect(sql.split('?').length - 1).toBe(parameters.length);
  });

  it('agrees with a walk through the items in plain JavaScript', () => {
    const name = fc.constantFrom('a', 'b', 'a"b', '😀', '\u0000');
    const number = fc.constantFrom(0, 1, -1, 0.1 + 0.2, 2 ** 60, 1e300, 5e-324, -(2 ** 53), 1e21);
    const text = fc.constantFrom(
      '',
      'a',
      'b',
      'ab',
      '5',
      '1',
      'true',
      'null',
      '\uffee',
      '😀',
      'a\u0000b',
      '"\\',
    );
    const value = fc.oneof(
      number,
      text,
      fc.boolean(),
      fc.constant(null),
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    );
    const entry = fc.oneof(
      { weight: 5, arbitrary: value },
      fc.array(fc.oneof({ weight: 4, arbitrary: value }, fc.constant(['a']), fc.constant({ a: 1 })), {
        maxLength: 3,
      }),
      fc.dictionary(name, value, { maxKeys: 2 }),
    );
    const row = fc.record({
      key: fc.uuid(),
      label: fc.option(text),
      metadata: fc.dictionary(name, entry, { maxKeys: 4 }),
      width: fc.integer({ min: 1, max: 3 }),
    });
    const columns = fc.constantFrom('id', 'key', 'label', 'width', 'bytes', 'format', 'createdAt');
    const path = fc.array(name, { minLength: 1, maxLength: 2 }).map(names => `metadata.${names.join('.')}`);
    const field = fc.oneof({ weight: 3, arbitrary: path }, columns);
    const bounds = <T>(bound: fc.Arbitrary<T>) =>
      fc
        .tuple(
          fc.constantFrom('gt', 'gte'),
          fc.constantFrom('lt', 'lte'),
          bound,
          bound,
          fc.constantFrom(0, 1, 2),
        )
        .map(([low, high, a, b, which]) => ({
          ...(which < 2 ? { [low]: a } : {}),
          ...(which > 0 ? { [high]: b } : {}),
        }));
    const { filter } = fc.letrec<{ filter: ItemFilter }>(tie => ({
      filter: fc.oneof(
        { maxDepth: 4, withCrossShrink: true },
        fc.record({ field, equals: value }),
        fc.record({ field, in: fc.array(value, { minLength: 1, maxLength: 4 }) }),
        fc.record({ field, range: fc.oneof(bounds(number), bounds(text)) }),
        fc.record({ field, exists: fc.boolean() }),
        fc.record({ and: fc.array(tie('filter'), { minLength: 1, maxLength: 3 }) }),
        fc.record({ or: fc.array(tie('filter'), { minLength: 1, maxLength: 3 }) }),
        fc.record({ not: tie('filter') }),
      ),
    }));
    const rows = fc.array(row, { minLength: 1, maxLength: 12 });
    const property = fc.property(
      rows,
      fc.array(filter, { minLength: 1, maxLength: 20 }),
      (given, filters) => {
        const find = createFinder(given);
        const items = given.map(toItem);
        for (const one of filters) {
          const expected = items.filter(item => naiveMatches(item, one)).map(({ id }) => id);
          expect(find(one)).toEqual(expected);
        }
      },
    );
    fc.assert(property, { seed: 1, numRuns: 300 });
  });
});

const wrap = (depth: number, value: unknown, around: (inner: unknown) => unknown): unknown =>
  Array.from({ length: depth }).reduce<unknown>(around, value);
const leaf = { field: 'id', equals: 1 };
const nest = (depth: number): unknown => wrap(depth - 1, leaf, inner => ({ not: inner }));
const lists = (depth: number): unknown => wrap(depth, [], inner => [inner]);

describe('the grammar of filters', () => {
  const refused: [string, unknown, RegExp][] = [
    ['what is no object', 'label', /expected a filter such as .*, got a string/],
    ['a list', [leaf], /got a list/],
    ['null', null, /got null/],
    ['an object without a form', { field: 'id' }, /exactly one of equals, in, .* got none of them/],
    ['two forms at once', { field: 'id', equals: 1, exists: true }, /exactly one of .* got equals, exists/],
    ['a key that no form has', { ...leaf, boost: 2 }, /boost/],
    ['an unknown field', { field: 'colour', equals: 1 }, /field: expected id, key, .* got "colour"/],
    ['a field of the prototype', { field: 'constructor', equals: 1 }, /field: expected id/],
    ['metadata without a name', { field: 'metadata', equals: 1 }, /field: expected/],
    ['an empty name', { field: 'metadata.a..b', equals: 1 }, /field: expected/],
    ['a list as a value', { field: 'id', equals: [1] }, /equals: expected a text, a number/],
    ['an infinity', { field: 'id', equals: Number.POSITIVE_INFINITY }, /equals: expected/],
    ['no values', { field: 'id', in: [] }, /in: /],
    ['1001 values', { field: 'id', in: Array.from({ length: 1001 }, (_, i) => i) }, /in: .*1000/],
    ['no bound', { field: 'id', range: {} }, /range: expected at least one of gt/],
    ['two lower bounds', { field: 'id', range: { gt: 1, gte: 1 } }, /range: expected gt or gte, got both/],
    ['two upper bounds', { field: 'id', range: { lt: 1, lte: 1 } }, /range: expected lt or lte, got both/],
    ['bounds of two kinds', { field: 'id', range: { gt: 1, lt: 'b' } }, /range: expected two numbers or two/],
    ['an empty list of filters', { and: [] }, /and: /],
    [
      'what is wrong deep within',
      { and: [leaf, { or: [{ not: 3 }] }] },
      /^and.1: or.0: not: expected a filter/,
    ],
    ['nine levels', nest(9), /at most 8 deep/],
    ['a hundred thousand levels', nest(100_000), /at most 8 deep/],
    ['201 filters', { or: Array.from({ length: 200 }, () => leaf) }, /at most 200 filters/],
    [
      'much text',
      { field: 'key', in: Array.from({ length: 25 }, () => 'x'.repeat(1000)) },
      /at most 24576 bytes/,
    ],
    ['lists without end', { field: 'id', equals: lists(100_000) }, /equals: expected/],
  ];
  it.each(refused)('refuses %s', (_, filter, message) => {
    const [issue] = itemFilterSchema.safeParse(filter).error?.issues ?? [];
    expect(issue?.message).toMatch(message);
  });

  it('takes eight levels, two hundred filters and a thousand values', () => {
    const find = ofMetadata({}, {});
    const finds: [unknown, number[]][] = [
      [nest(8), [2]],
      [{ or: Array.from({ length: 199 }, () => leaf) }, [1]],
      [{ field: 'id', in: Array.from({ length: 1000 }, (_, i) => i) }, [1, 2]],
    ];
    for (const [filter, ids] of finds) expect(find(itemFilterSchema.parse(filter))).toEqual(ids);
  });
});
