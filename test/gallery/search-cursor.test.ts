import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { itemFilterSchema } from '../../src/catalog/item-filter.js';
import { MedoidError } from '../../src/errors.js';
import { encodeSearchCursor, parseSearchCursor } from '../../src/gallery/search-cursor.js';
import { createUnitVectors } from '../fixtures/unit-vectors.js';

const dimension = 5;
const options = z.strictObject({
  k: z.int().positive(),
  filter: itemFilterSchema.optional(),
  diversity: z.number().default(0),
});
const dimensionOf = (modelId: string): number | undefined => (modelId === 'tiny@1' ? dimension : undefined);
const parse = (text: string) => parseSearchCursor(text, { dimensionOf, options });
const [{ vector: query }] = createUnitVectors(1, dimension);
const asked = { k: 7, filter: { field: 'metadata.größe', in: ['"', 5, null] } };
const cursor = { query, modelId: 'tiny@1', offset: 20, options: asked };

const refused = (message: RegExp) =>
  expect.objectContaining({
    code: 'invalid-request',
    field: 'cursor',
    message: expect.stringMatching(message),
  });

/** A cursor of any head and query. */
function forge(head: unknown, vector: Float32Array = query): string {
  const json = Buffer.from(typeof head === 'string' ? head : JSON.stringify(head));
  const start = Buffer.from([1, 0, 0, 0, 0]);
  start.writeUInt32LE(json.length, 1);
  return Buffer.concat([start, json, new Uint8Array(vector.buffer)]).toString('base64url');
}

const { query: _, ...head } = cursor;

describe('a search cursor', () => {
  it('comes back as it was, number by number, with what the options have by themselves', () => {
    const text = encodeSearchCursor(cursor);
    expect(text).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(parse(text)).toEqual({ ...cursor, options: { ...asked, diversity: 0 } });
    expect(text).toBe(forge(head));
  });

  const forged: [string, string, RegExp][] = [
    ['nothing', '', /version 1, got nothing/],
    ['another alphabet', `${forge(head).slice(0, -1)}+`, /as a search has answered it/],
    ['padding', `${forge(head)}==`, /as a search has answered it/],
    ['spaces', ` ${forge(head)}`, /as a search has answered it/],
    ['another version', Buffer.from([2, 0, 0, 0, 0]).toString('base64url'), /version 1, got 2/],
    ['no head', Buffer.from([1, 0]).toString('base64url'), /ends too soon/],
    [
      'a head longer than all',
      Buffer.from([1, 255, 255, 255, 255, 0]).toString('base64url'),
      /ends too soon/,
    ],
    ['a head that is no JSON', forge('{"k":'), /JSON/],
    ['a head that is no object', forge('3'), /expected object/],
    ['a key too many', forge({ ...head, admin: true }), /admin/],
    ['a key too few', forge({ modelId: 'tiny@1', options: asked }), /offset/],
    ['an offset below 0', forge({ ...head, offset: -1 }), /offset/],
    ['half an offset', forge({ ...head, offset: 0.5 }), /offset/],
    ['another model', forge({ ...head, modelId: 'other@1' }), /model that is not used here/],
    ['options that may not be asked', forge({ ...head, options: { k: 1, sudo: 1 } }), /sudo/],
    ['options of a wrong type', forge({ ...head, options: { k: '1' } }), /k: .*expected/],
    [
      'a filter that is none',
      forge({ ...head, options: { k: 1, filter: {} } }),
      /filter: expected exactly one/,
    ],
    ['lists without end', forge(`${'['.repeat(20_000)}${']'.repeat(20_000)}`), /expected object/],
    [
      'filters without end',
      forge(
        `{"modelId":"tiny@1","offset":0,"options":{"k":1,"filter":${'{"not":'.repeat(6000)}1${'}'.repeat(6000)}}}`,
      ),
      /8 deep|at most 65536/,
    ],
    ['too few numbers', forge(head, query.slice(1)), /20 bytes, got 16/],
    ['too many numbers', forge(head, Float32Array.of(...query, 0)), /20 bytes, got 24/],
    [
      'a vector that is not of length 1',
      forge(
        head,
        query.map(x => 2 * x),
      ),
      /length 1/,
    ],
    [
      'NaN',
      forge(
        head,
        query.map(() => Number.NaN),
      ),
      /length 1/,
    ],
    ['more than it may have', 'A'.repeat(65_537), /at most 65536/],
  ];
  it.each(forged)('with %s is refused', (_, text, message) => {
    expect(() => parse(text)).toThrow(refused(message));
  });

  it('with any character changed is refused or still a cursor, and nothing else happens', () => {
    const text = encodeSearchCursor(cursor);
    const character = fc.constantFrom(...'ABCXYZabcxyz0189-_=+/ \u0000ä');
    const changes = fc.array(fc.tuple(fc.nat({ max: text.length - 1 }), character), {
      minLength: 1,
      maxLength: 3,
    });
    const property = fc.property(fc.oneof(changes, fc.nat({ max: text.length - 1 })), change => {
      const characters = [...text];
      if (typeof change === 'number') characters.length = change;
      else for (const [at, other] of change) characters[at] = other;
      try {
        const parsed = parse(characters.join(''));
        expect(parsed.query).toHaveLength(dimension);
        expect(options.safeParse(parsed.options).success).toBe(true);
      } catch (error) {
        if (!(error instanceof MedoidError)) throw error;
        expect(error).toMatchObject({ code: 'invalid-request', field: 'cursor' });
      }
    });
    fc.assert(property, { seed: 1, numRuns: 3000 });
  });

  it('made of random text is refused', () => {
    const property = fc.property(fc.oneof(fc.string(), fc.base64String()), text => {
      expect(() => parse(text)).toThrow(refused(/./));
    });
    fc.assert(property, { seed: 1, numRuns: 1000 });
  });

  it('holds the longest filter there is with a vector of 4096 numbers, and is not made of more', () => {
    const filter = { field: 'key', in: Array.from({ length: 1000 }, () => 'x'.repeat(21)) };
    const [{ vector: long }] = createUnitVectors(1, 4096);
    const longest = { ...cursor, query: long, options: { k: 1, filter } };
    const parsed = parseSearchCursor(encodeSearchCursor(longest), { dimensionOf: () => 4096, options });
    expect(parsed.query).toEqual(long);
    const [{ vector: longer }] = createUnitVectors(1, 8192);
    expect(() => encodeSearchCursor({ ...longest, query: longer })).toThrow(refused(/ask for less/));
  });
});
