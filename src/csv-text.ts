type CsvField = string | number | null;

/** A field is quoted where it must be; null is empty. */
function csvField(value: CsvField): string {
  const text = value === null ? '' : String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}

/** Rows as comma-separated values, each ending in CR LF (RFC 4180). */
export const csvText = (rows: readonly (readonly CsvField[])[]): string =>
  rows.map(row => `${row.map(csvField).join(',')}\r\n`).join('');
