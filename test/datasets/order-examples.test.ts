import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { orderExamples } from '../../src/datasets/order-examples.js';

const entry = (label: string, hash: string, path = `${label}/${hash}`) => ({
  example: { label, path },
  hash,
});

describe('the order of examples', () => {
  it('is that of label and hash, whatever came first and whatever the files are called', () => {
    const entries = [entry('b', '1'), entry('a', '2'), entry('b', '0'), entry('a', '1')];
    const expected = {
      ordered: [entries[3], entries[1], entries[2], entries[0]],
      labels: Int32Array.of(0, 0, 1, 1),
      classNames: ['a', 'b'],
      sha256: createHash('sha256').update('["a","1"]\n["a","2"]\n["b","0"]\n["b","1"]').digest('hex'),
    };
    expect(orderExamples(entries)).toEqual(expected);
    expect(orderExamples([...entries].reverse())).toEqual(expected);
    expect(
      orderExamples(entries.map(({ example, hash }, i) => entry(example.label, hash, `${i}`))).sha256,
    ).toBe(expected.sha256);
  });

  it('leaves twins in the order in which they came', () => {
    const twins = [entry('a', '1', 'z'), entry('a', '1', 'b')];
    expect(orderExamples(twins).ordered).toEqual(twins);
  });

  it('answers nothing for nothing', () => {
    expect(orderExamples([])).toMatchObject({ ordered: [], labels: new Int32Array(), classNames: [] });
  });
});
