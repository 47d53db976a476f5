import { describe, expect, it } from 'vitest';
import { formatTable } from '../../src/commands/format-table.js';

describe('a table', () => {
  it('has columns as wide as their widest cell, and no spaces at the end', () => {
    expect(
      formatTable([
        ['name', 'n'],
        ['a', '12'],
        ['longer', ''],
      ]),
    ).toBe('name    n\na       12\nlonger');
  });

  it('may have 200,000 rows', () => {
    const rows = Array.from({ length: 200_000 }, (_, i) => [String(i), 'x']);
    expect(formatTable(rows).split('\n').at(-1)).toBe('199999  x');
  });
});
