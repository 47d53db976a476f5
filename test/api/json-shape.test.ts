import { describe, expect, it } from 'vitest';
import { findJsonExcess } from '../../src/api/json-shape.js';
import { createRandom } from '../../src/math/random.js';

const check = (text: string): string | undefined => findJsonExcess(Buffer.from(text));

describe('the shape of JSON', () => {
  it('is refused beyond 64 levels, whatever they are made of and whether they end', () => {
    expect(check('['.repeat(64) + ']'.repeat(64))).toBeUndefined();
    expect(check('['.repeat(65) + ']'.repeat(65))).toMatch(/at most 64 deep/);
    expect(check('{"a":['.repeat(32) + ']}'.repeat(32))).toBeUndefined();
    expect(check(`${'{"a":['.repeat(32)}{}`)).toMatch(/at most 64 deep/);
    expect(check('[]'.repeat(1000))).toBeUndefined();
    expect(check('['.repeat(10_000_000))).toMatch(/at most 64 deep/);
  });

  it('does not look into texts', () => {
    const odd = ['['.repeat(100), '"'.repeat(100), '\\'.repeat(99), '\\"['.repeat(100), '{\\', 'ä[“{'];
    for (const text of odd) {
      expect(check(JSON.stringify([text, { [text]: text }]))).toBeUndefined();
      expect(check(`[${JSON.stringify(text)},${'['.repeat(64)}`)).toMatch(/deep/);
    }
    const picture = Buffer.alloc(20_000_000).toString('base64');
    expect(check(JSON.stringify({ image: { base64: picture } }))).toBeUndefined();
  });

  it('is refused with more beside its texts than anybody asks for', () => {
    const refusal = /^expected JSON with at most 4194304 bytes beside its texts, got more$/;
    for (const part of ['{},', '1,', ' ', '"",', '"k":0,', ',', '"\\"']) {
      expect(check(part.repeat(Math.ceil((4 * 1024 * 1024) / part.length) + 3_000_000))).toMatch(refusal);
      expect(check(part.repeat(100_000))).toBeUndefined();
    }
  });

  it('takes everything that is no JSON for none of its business', () => {
    const random = createRandom('json-shape');
    for (let i = 0; i < 2000; i++) {
      const bytes = Buffer.from(
        Array.from({ length: random.integer(40) }, () => 0x20 + random.integer(0x60)),
      );
      expect(findJsonExcess(bytes)).toBeUndefined();
    }
    expect(check('"never ended')).toBeUndefined();
    expect(check('"ends in \\')).toBeUndefined();
    expect(check('')).toBeUndefined();
  });
});
