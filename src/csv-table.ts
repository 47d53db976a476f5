import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { MedoidError, messageOf } from './errors.js';
import { readTextFile } from './text-file.js';

const parsedSchema = z.array(
  z.object({ record: z.record(z.string(), z.string()), info: z.object({ lines: z.int() }) }),
);

export interface CsvRecord {
  /** By the names of the columns. */
  readonly values: Readonly<Record<string, string>>;
  /** Line that it ends on, from 1. */
  readonly line: number;
}

export const wrongLine = (path: string, line: number, reason: string): MedoidError =>
  new MedoidError('invalid-dataset', `${path}, line ${line}: ${reason}`);

function checkHeader(path: string, names: readonly string[], required: readonly string[]): string[] {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw wrongLine(path, 1, `the column ${JSON.stringify(twice)} comes twice`);
  const missing = required.find(name => !names.includes(name));
  if (missing !== undefined) {
    throw wrongLine(path, 1, `expected a column ${JSON.stringify(missing)}, got ${names.join(', ')}`);
  }
  return [...names];
}

/**
 * Reads a header and the records below it; blank lines are left out.
 * @param required names of columns that must be there
 * @throws MedoidError `file-not-found`, or `invalid-dataset` naming the line
 */
export async function readCsvTable(path: string, required: readonly string[]): Promise<readonly CsvRecord[]> {
  const text = await readTextFile(path);
  const columns = (names: string[]): string[] =>
    checkHeader(
      path,
      names.map(name => name.trim()),
      required,
    );
  try {
    const parsed = parsedSchema.parse(parse(text, { columns, info: true, skip_empty_lines: true }));
    return parsed.map(({ record, info }) => ({ values: record, line: info.lines }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new MedoidError('invalid-dataset', `${path}, line ${error.lines}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
