import { z } from 'zod';
import { MedoidError } from '../errors.js';

/**
 * @param file in words: `the catalog`
 * @throws MedoidError `invalid-gallery`
 */
export function parseRow<Schema extends z.ZodType>(
  schema: Schema,
  row: unknown,
  file: string,
): z.output<Schema> {
  const parsed = schema.safeParse(row);
  if (parsed.success) return parsed.data;
  throw new MedoidError('invalid-gallery', `${file} has an odd row: ${z.prettifyError(parsed.error)}`, {
    cause: parsed.error,
  });
}
