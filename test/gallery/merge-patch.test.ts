import { describe, expect, it } from 'vitest';
import { mergePatch } from '../../src/gallery/merge-patch.js';

/** RFC 7396, appendix A, as far as target and patch are objects. */
const examples: [object, object, object][] = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
];

describe('mergePatch', () => {
  it.each(examples)('makes of %j by %j', (target, patch, expected) => {
    const before = JSON.stringify([target, patch]);
    expect(mergePatch({ ...target }, { ...patch })).toEqual(expected);
    expect(JSON.stringify([target, patch])).toBe(before);
  });

  it('takes a member named __proto__ for a member', () => {
    const patch = JSON.parse('{"__proto__": {"polluted": true}}');
    expect(Object.keys(mergePatch({}, patch))).toEqual(['__proto__']);
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });
});
