import type { Request } from 'express';
import { z } from 'zod';
import { MedoidError } from '../errors.js';

/** A whole number in plain digits: no signs, points or exponents. */
export const wholeNumber = ({ min, max }: { readonly min: number; readonly max: number }) => {
  const message = `expected a whole number from ${min} to ${max}`;
  return z
    .string(message)
    .regex(/^(0|[1-9]\d{0,15})$/, message)
    .transform(Number)
    .refine(value => value >= min && value <= max, message);
};

export const yesOrNo = z
  .enum(['true', 'false'], 'expected true or false')
  .transform(value => value === 'true');

const itemId = wholeNumber({ min: 1, max: Number.MAX_SAFE_INTEGER });

/** @throws MedoidError `invalid-request` naming the parameter */
function parse<Schema extends z.ZodType>(schema: Schema, given: unknown): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue.code === 'unrecognized_keys') {
    const [field] = issue.keys;
    throw new MedoidError('invalid-request', `there is no parameter ${JSON.stringify(field)} here`, {
      field,
    });
  }
  const field = String(issue.path[0]);
  const value = JSON.stringify((given as Record<string, unknown>)[field]);
  throw new MedoidError('invalid-request', `${field}: ${issue.message}, got ${value}`, { field });
}

/** The parameters after `?`. @throws MedoidError `invalid-request` naming the one that is odd or unknown */
export const parseQuery = <Shape extends z.ZodRawShape>(request: Request, shape: Shape) =>
  parse(z.strictObject(shape), request.query);

/** The id in the path. @throws MedoidError `invalid-request` */
export const parseItemId = (id: string): number => parse(z.object({ id: itemId }), { id }).id;
