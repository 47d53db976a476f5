import { parseArgs } from 'node:util';
import { z } from 'zod';
import { MedoidError } from '../../src/errors.js';
import { measurementNames } from './measurement-names.js';

const count = (least: number, most = Number.MAX_SAFE_INTEGER) => z.coerce.number().int().min(least).max(most);

const optionsSchema = z.strictObject({
  /** Of the gallery: that many vectors are searched. */
  items: count(200).default(100_000),
  /** Of each measurement, without what comes before it to warm up. */
  seconds: count(1, 600).default(10),
  /** Of each search: how many ask at once, each its next search when it has the answer to the last. */
  connections: z
    .string()
    .default('1,8,32')
    .transform((text): unknown => text.split(','))
    .pipe(z.array(count(1, 1000))),
  /** Of the measurement of too many uploads. */
  crowd: count(1, 1000).default(400),
  /** Kept and used again; a temporary folder unless given. */
  gallery: z.string().min(1).optional(),
  model: z.string().min(1).default('models/demo'),
  seed: count(0).default(0),
  /** Folder for a profile of the server. */
  profile: z.string().min(1).optional(),
  json: z.boolean().default(false),
  /** All of them unless given. */
  measure: z.array(z.enum(measurementNames)).default([]),
});

export type LoadOptions = z.output<typeof optionsSchema>;

const flag = { type: 'string' } as const;

/** @throws MedoidError `invalid-option` */
export function parseLoadOptions(argv: readonly string[]): LoadOptions {
  const { values, positionals } = readFlags(argv);
  const measure = positionals.length === 0 ? [...measurementNames] : positionals;
  const parsed = optionsSchema.safeParse({ ...values, measure });
  if (parsed.success) return parsed.data;
  throw new MedoidError('invalid-option', z.prettifyError(parsed.error));
}

function readFlags(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        ...{ items: flag, seconds: flag, connections: flag, crowd: flag, gallery: flag, model: flag },
        ...{ seed: flag, profile: flag, json: { type: 'boolean' } },
      },
    });
  } catch (error) {
    throw new MedoidError('invalid-option', (error as Error).message, { cause: error });
  }
}
