/** Columns padded to their widest cell; `rows` (at least one) are all of one length. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  // Not as the arguments of one call: there may be 200,000 rows.
  const widths = rows[0].map((_, column) =>
    rows.reduce((most, row) => Math.max(most, row[column].length), 0),
  );
  return rows
    .map(row =>
      row
        .map((cell, i) => cell.padEnd(widths[i]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
