import { readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { CsvError } from 'csv-parse';
import { parse } from 'csv-parse/sync';
import { z } from 'zod';
import { MedoidError, messageOf } from '../errors.js';
import type { ImageSource, SourceImage } from './image-source.js';

const parsedSchema = z.array(
  z.object({ record: z.record(z.string(), z.string()), info: z.object({ lines: z.int() }) }),
);

const wrongLine = (path: string, line: number, reason: string): MedoidError =>
  new MedoidError('invalid-dataset', `${path}, line ${line}: ${reason}`);

async function readText(path: string): Promise<string> {
  const bytes = await readFile(path);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch (error) {
    throw new MedoidError('invalid-dataset', `${path}: expected UTF-8`, { cause: error });
  }
}

function checkHeader(path: string, names: readonly string[]): string[] {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw wrongLine(path, 1, `the column ${JSON.stringify(twice)} comes twice`);
  if (!names.includes('path')) throw wrongLine(path, 1, `expected a column "path", got ${names.join(', ')}`);
  return [...names];
}

function parseRecords(path: string, text: string): z.output<typeof parsedSchema> {
  try {
    const columns = (names: string[]): string[] =>
      checkHeader(
        path,
        names.map(name => name.trim()),
      );
    return parsedSchema.parse(parse(text, { columns, info: true, skip_empty_lines: true }));
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new MedoidError('invalid-dataset', `${path}, line ${error.lines}: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/**
 * A table of images: a header, then one line each. Columns: `path` (relative to the file), and if wanted `key`
 * (else the path) and `label`; every other column is metadata.
 * @throws MedoidError `invalid-dataset` naming the line
 */
export async function readCsvSource(path: string): Promise<ImageSource> {
  const lineOfKey = new Map<string, number>();
  const images = parseRecords(path, await readText(path)).map(({ record, info }): SourceImage => {
    const { path: shownPath, label = '', key: givenKey = '', ...metadata } = record;
    if (shownPath === '') throw wrongLine(path, info.lines, 'the path is empty');
    const key = givenKey === '' ? shownPath.replaceAll('\\', '/') : givenKey;
    const earlier = lineOfKey.get(key);
    if (earlier !== undefined) {
      throw wrongLine(path, info.lines, `the key ${JSON.stringify(key)} is that of line ${earlier} already`);
    }
    lineOfKey.set(key, info.lines);
    return {
      path: resolve(dirname(path), shownPath),
      shownPath,
      key,
      label: label === '' ? null : label,
      metadata,
    };
  });
  return { images, failed: [], ignored: 0 };
}
