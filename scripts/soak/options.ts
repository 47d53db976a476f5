import { parseArgs } from 'node:util';
import { z } from 'zod';
import { MedoidError } from '../../src/errors.js';

const count = (least: number, most: number) => z.coerce.number().int().min(least).max(most);

const optionsSchema = z.strictObject({
  /** Of the run, after the gallery was filled. */
  minutes: z.coerce.number().min(0.05).max(10_000).default(10),
  /** That many, about, all the time. */
  items: count(10, 100_000).default(2000),
  clients: count(1, 64).default(4),
  /** Between two looks at the server. */
  everySeconds: count(1, 600).default(5),
  seed: count(0, 2 ** 31 - 1).default(0),
  model: z.string().min(1).default('models/demo'),
  json: z.boolean().default(false),
});

export type SoakOptions = z.output<typeof optionsSchema>;

const flag = { type: 'string' } as const;

/** @throws MedoidError `invalid-option` */
export function parseSoakOptions(argv: readonly string[]): SoakOptions {
  const { 'every-seconds': everySeconds, ...values } = readFlags(argv);
  const parsed = optionsSchema.safeParse({
    ...values,
    ...(everySeconds === undefined ? {} : { everySeconds }),
  });
  if (parsed.success) return parsed.data;
  throw new MedoidError('invalid-option', z.prettifyError(parsed.error));
}

function readFlags(argv: readonly string[]): Record<string, unknown> {
  try {
    const options = {
      minutes: flag,
      items: flag,
      clients: flag,
      'every-seconds': flag,
      seed: flag,
      model: flag,
    };
    return parseArgs({ args: [...argv], options: { ...options, json: { type: 'boolean' } } }).values;
  } catch (error) {
    throw new MedoidError('invalid-option', (error as Error).message, { cause: error });
  }
}
