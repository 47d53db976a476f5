import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cars196 } from '../../src/datasets/cars196.js';
import { parseMatFile } from '../../src/datasets/mat-file.js';
import { createCarVariables, writeLayout } from '../fixtures/layouts.js';
import { encodeMatFile, type MatInput } from '../fixtures/mat-file.js';

/** What scipy.io.savemat wrote of the variables below, compressed. */
const foreign = Buffer.from(
  'TUFUTEFCIDUuMCBNQVQtZmlsZSBQbGF0Zm9ybTogcG9zaXgsIENyZWF0ZWQgb246IFR1ZSBOb3YgMjQgMTk6NDY6NDcgMjAyNgAA' +
    'AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAABSU0PAAAAtAAAAHic42NgYKhgZmBgA9Ic' +
    'QMzEAAGsUD4jEDNDaW4gTszLyy9JLMnMzyuGqmNhEITKuwBxUlJ+RXyFIQMcFKXmAJWXpcZn5sYXJJZkMCTnJBYXMyCBktTiEgZ0' +
    'wAfEBgwId3FjcRcMgwAL1OUgfR5I+liw6BNC0icA5ScnFgFdWKxvAAKGelkF6djdwUnAHUxAFiOZ+sj1txy1/G00MP7Gpo8Yf9tQ' +
    'y9/GlPmbiUx9IAAAniQp2w8AAABvAAAAeJzjY2BguAHEbEDMAcSMDBDAisRngtLcQJyck1hcHJ+XmJtaDFbHB8QBSPpZsOiXQjJX' +
    'AMp39FVwT81LLUrMUfAozc1NLVIIDg1TMDIwMGCAm+tAwFxuNHN5gNg5s6Qo//DqPAUj5zCQOACOShO2DwAAAD4AAAB4nONjYGCI' +
    'AGI2IOaA0iDACuUzQTEjELMDcV5pblJqUTEDJ5CtwAADP+whNIcDVODAnFKGDpsn5nUA+FEJZg8AAAAqAAAAeJzjY2BgMABiNiDm' +
    'AGJOJgYwYIXyGYGYCUyzMKTlJKYzAXkgMQAkOwIMDwAAACUAAAB4nONjYGCwAGI2IOaA0iDACuXDACNULDW3oKQSSHNCxQE1/wKm' +
    'DwAAACUAAAB4nONjYGAwAGI2IOYAYhYGCGCF8mGAESiTl5+XKgDlAwAkNgIjDwAAAC0AAAB4nONjYGCwAGI2IOYAYi4GCGCF8hmR' +
    'MEisODcxJwdIMzMwMfz8z8AAADzCBIoPAAAAKAAAAHic42NgYLAAYjYg5gBiPgYIYIXyGeGYmSEpM52BByoOBkAJADDCAb0=',
  'base64',
);

/** The values that a file of these variables is read as. */
const read = (value: MatInput): unknown => {
  if (typeof value === 'string' || !('cells' in value || 'structs' in value)) return value;
  if ('cells' in value) return value.cells.map(read);
  return value.structs.map(record =>
    Object.fromEntries(Object.entries(record).map(([field, inner]) => [field, read(inner)])),
  );
};

describe('a MAT-file', () => {
  it('of another program is read: structures, cells, text, numbers of every width, logicals, empty ones', () => {
    expect(Object.fromEntries(parseMatFile(foreign, 'foreign.mat'))).toEqual({
      annotations: [
        { bbox_x1: [0], relative_im_path: 'car_ims/000001.jpg', class: [1], test: [0] },
        { bbox_x1: [30], relative_im_path: 'car_ims/000002.jpg', class: [1], test: [1] },
        { bbox_x1: [60], relative_im_path: 'car_ims/000003.jpg', class: [2], test: [0] },
      ],
      class_names: ['AM General Hummer SUV 2000', 'Citroën 2CV'],
      numbers: [1.5, 3, -2, 1e300],
      flag: [1, 0],
      empty: [],
      none: '',
      small: [-7],
      big: [2 ** 40],
    });
  });

  it.each([{}, { compressed: true }, { bigEndian: true }, { compressed: true, bigEndian: true }])(
    'is read as it was written: %j',
    encoding => {
      const name = fc.stringMatching(/^[a-z]\w{0,20}$/);
      const text = fc.string({ unit: 'grapheme', maxLength: 12 });
      const { value } = fc.letrec<{ value: MatInput; cells: MatInput; structs: MatInput }>(tie => ({
        value: fc.oneof(
          { depthSize: 'small' },
          fc.array(fc.double({ noNaN: true }), { minLength: 1 }),
          text,
          tie('cells'),
          tie('structs'),
        ),
        cells: fc.array(tie('value'), { maxLength: 4 }).map(cells => ({ cells })),
        structs: fc
          .tuple(fc.uniqueArray(name, { minLength: 1, maxLength: 3 }), fc.integer({ min: 1, max: 3 }))
          .chain(([fields, count]) => {
            const record = fc.record(Object.fromEntries(fields.map(field => [field, tie('value')])));
            return fc.array(record, { minLength: count, maxLength: count });
          })
          .map(structs => ({ structs })),
      }));
      fc.assert(
        fc.property(fc.dictionary(name, value, { maxKeys: 3 }), variables => {
          const parsed = parseMatFile(encodeMatFile(variables, encoding), 'written.mat');
          const expected = Object.entries(variables).map(([key, entry]) => [key, read(entry)]);
          expect([...parsed]).toEqual(expected);
        }),
        { numRuns: 100, seed: 1 },
      );
    },
  );

  it('that is cut off or changed anywhere is read or refused, never anything else', () => {
    const { class_names, annotations } = createCarVariables();
    const structs = (annotations as { structs: Record<string, MatInput>[] }).structs.slice(0, 3);
    const whole = Buffer.from(encodeMatFile({ class_names, annotations: { structs } }));
    const attempt = (bytes: Uint8Array): string => {
      try {
        parseMatFile(bytes, 'x.mat');
        return 'read';
      } catch (error) {
        return (error as { code?: string }).code ?? String(error);
      }
    };
    const outcomes = new Set<string>();
    for (let length = 0; length < whole.length; length += 7) outcomes.add(attempt(whole.subarray(0, length)));
    for (let at = 0; at < 600; at++) {
      for (const value of [0, 1, 0x7f, 0xff]) {
        const changed = Buffer.from(whole);
        changed[at] = value;
        outcomes.add(attempt(changed));
      }
    }
    expect([...outcomes].sort()).toEqual(['invalid-dataset', 'read']);
  });

  it.each([
    ['of level 7.3', Buffer.from('MATLAB 7.3 MAT-file'.padEnd(124).concat('\x00\x02IM')), /level 5/],
    ['that is no such file', Buffer.from('{}'), /x.mat: expected a MAT-file of level 5/],
    [
      'with a bomb in it',
      Buffer.concat([
        encodeMatFile({}),
        (packed => Buffer.concat([Buffer.from(new Uint32Array([15, packed.length]).buffer), packed]))(
          deflateSync(Buffer.alloc(129 * 1024 ** 2)),
        ),
      ]),
      /x.mat: expected a whole MAT-file/,
    ],
  ])('%s is refused', (_, bytes, message) => {
    expect(() => parseMatFile(bytes, 'x.mat')).toThrow(message);
  });
});

describe('cars_annos.mat', () => {
  const variables = createCarVariables();
  const [first, ...others] = (variables.annotations as { structs: Record<string, MatInput>[] }).structs;
  const withFirst = (change: Record<string, MatInput>) => ({
    ...variables,
    annotations: { structs: [{ ...first, ...change }, ...others] },
  });
  const { annotations: _, ...withoutAnnotations } = variables;

  it.each<[string, Record<string, MatInput>, RegExp]>([
    ['has no annotations', withoutAnnotations, /cars_annos.mat, annotations: .*expected array/],
    [
      'has names that are no text',
      { ...variables, class_names: { cells: [[1]] } },
      /class_names, entry 1: .*string/,
    ],
    [
      'has a name twice',
      { ...variables, class_names: { cells: ['a', 'b', 'a'] } },
      /entry 3: .*that of entry 1, got "a"/,
    ],
    [
      'has the class 0',
      withFirst({ class: [0] }),
      /annotations, entry 1: expected a class from 1 to 100, got "0"/,
    ],
    [
      'has a class too many',
      withFirst({ class: [101] }),
      /entry 1: expected a class from 1 to 100, got "101"/,
    ],
    [
      'has two classes for an image',
      withFirst({ class: [1, 2] }),
      /annotations, entry 1, class: expected one number/,
    ],
    ['has no path for an image', withFirst({ relative_im_path: '' }), /entry 1, relative_im_path: /],
    [
      'leads out of the folder',
      withFirst({ relative_im_path: '../x' }),
      /entry 1: expected a path inside .*"..\/x"/,
    ],
  ])('is refused when it %s', async (_, given, message) => {
    const root = await mkdtemp(join(tmpdir(), 'medoid-cars-'));
    try {
      await writeLayout(root, { 'cars_annos.mat': encodeMatFile(given) });
      await expect(cars196.read(root)).rejects.toThrow(message);
      await expect(cars196.read(root)).rejects.toMatchObject({ code: 'invalid-dataset' });
    } finally {
      await rm(root, { recursive: true });
    }
  });
});
