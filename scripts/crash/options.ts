import { parseArgs } from 'node:util';
import { z } from 'zod';
import { MedoidError } from '../../src/errors.js';

const count = (least: number, most: number) => z.coerce.number().int().min(least).max(most);

const optionsSchema = z.strictObject({
  /** Each ends with a kill. */
  rounds: count(1, 100_000).default(30),
  /** Of what the clients send, when the kill comes, and what a power cut damages. */
  seed: count(0, 2 ** 31 - 1).default(0),
  /** That many write at once. */
  clients: count(1, 32).default(4),
  /** Kept; must not be there yet. A temporary folder unless given. */
  gallery: z.string().min(1).optional(),
  model: z.string().min(1).default('models/demo'),
  json: z.boolean().default(false),
});

export type CrashOptions = z.output<typeof optionsSchema>;

const flag = { type: 'string' } as const;

/** @throws MedoidError `invalid-option` */
export function parseCrashOptions(argv: readonly string[]): CrashOptions {
  const parsed = optionsSchema.safeParse(readFlags(argv));
  if (parsed.success) return parsed.data;
  throw new MedoidError('invalid-option', z.prettifyError(parsed.error));
}

function readFlags(argv: readonly string[]): Record<string, unknown> {
  try {
    const options = { rounds: flag, seed: flag, clients: flag, gallery: flag, model: flag };
    return parseArgs({ args: [...argv], options: { ...options, json: { type: 'boolean' } } }).values;
  } catch (error) {
    throw new MedoidError('invalid-option', (error as Error).message, { cause: error });
  }
}
