import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import type { MedoidError } from '../../src/errors.js';
import { parse, parseJson } from '../../src/server/parse-request.js';

const refusalOf = (work: () => unknown): MedoidError => {
  try {
    work();
  } catch (error) {
    return error as MedoidError;
  }
  throw new Error('expected a refusal');
};

describe('parse', () => {
  it('says of long names and values the beginning only', () => {
    const name = 'n'.repeat(1_000_000);
    const stranger = refusalOf(() => parse(z.strictObject({}), { [name]: 1 }, 'field'));
    expect(stranger.field).toBe(`${'n'.repeat(200)}…`);
    expect(stranger.message.length).toBeLessThan(300);
    const wrong = refusalOf(() => parse(z.record(z.string(), z.number()), { [name]: name }, 'field'));
    expect(wrong.field).toBe(`${'n'.repeat(200)}…`);
    expect(wrong.message.length).toBeLessThan(500);
  });
});

describe('parseJson', () => {
  it('refuses what would take more memory than the process may have, before it does', () => {
    const before = process.memoryUsage().rss;
    const bytes = Buffer.alloc(60_000_000, '{},');
    expect(refusalOf(() => parseJson(bytes))).toMatchObject({ code: 'invalid-request' });
    expect(process.memoryUsage().rss - before).toBeLessThan(150 * 1024 * 1024);
  });

  it('refuses what is no JSON and what is no UTF-8', () => {
    expect(refusalOf(() => parseJson(Buffer.from('{"a":')))).toMatchObject({ code: 'invalid-request' });
    const notUtf8 = refusalOf(() => parseJson(Buffer.from([0x22, 0xff, 0x22])));
    expect(notUtf8.message).toMatch(/not UTF-8/);
  });
});
