import { z } from 'zod';
import { findJsonExcess } from '../json-shape.js';

/** What the document says of a parameter in place of how its text is read. */
export const shownAs = (
  schema: Record<string, unknown>,
): { readonly parameter: Record<string, unknown> } => ({
  parameter: schema,
});

/** A whole number in plain digits: no signs, points or exponents. */
export const wholeNumber = ({ min, max }: { readonly min: number; readonly max: number }) => {
  const message = `expected a whole number from ${min} to ${max}`;
  return z
    .string(message)
    .regex(/^(0|[1-9]\d{0,15})$/, message)
    .transform(Number)
    .refine(value => value >= min && value <= max, message)
    .meta(shownAs({ type: 'integer', minimum: min, maximum: max }));
};

/** A number in decimal digits. */
export const decimal = ({ min, max }: { readonly min: number; readonly max: number }) => {
  const message = `expected a number from ${min} to ${max}`;
  return z
    .string(message)
    .regex(/^(\d{1,15}(\.\d{0,15})?|\.\d{1,15})(e-?\d{1,2})?$/i, message)
    .transform(Number)
    .refine(value => value >= min && value <= max, message)
    .meta(shownAs({ type: 'number', minimum: min, maximum: max }));
};

export const yesOrNo = z
  .enum(['true', 'false'], 'expected true or false')
  .transform(value => value === 'true')
  .meta(shownAs({ type: 'boolean' }));

/** Some of a few names, separated by commas. */
export const namesOf = <const Name extends string>(names: readonly Name[]) => {
  const message = `expected some of ${names.join(', ')}, separated by commas`;
  const one = `(${names.join('|')})`;
  const pattern = `^${one}(,${one})*$`;
  return z
    .string(message)
    .regex(new RegExp(pattern), message)
    .transform(text => text.split(',') as Name[])
    .meta(shownAs({ type: 'string', pattern }));
};

/** A parameter whose text is JSON. */
export const jsonText = <Schema extends z.ZodType>(schema: Schema) =>
  z
    .string('expected JSON, once')
    .transform((text, context): unknown => {
      const excess = findJsonExcess(Buffer.from(text));
      if (excess !== undefined) {
        context.addIssue({ code: 'custom', message: excess });
        return z.NEVER;
      }
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue({ code: 'custom', message: 'expected JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema)
    .meta(shownAs({ type: 'string', format: 'json' }));

export const anyId = wholeNumber({ min: 1, max: Number.MAX_SAFE_INTEGER });

export const noParameters = z.strictObject({});
export const collectionParameters = z.strictObject({ name: z.string().describe('name of the collection') });
export const itemParameters = collectionParameters.extend({ id: anyId.describe('id of the item') });
export const evaluationParameters = collectionParameters.extend({
  id: anyId.describe('id of the evaluation'),
});
export const clusterParameters = collectionParameters.extend({ id: anyId.describe('id of the cluster') });
export const decisionParameters = collectionParameters.extend({ id: anyId.describe('id of the decision') });
export const jobParameters = z.strictObject({ id: anyId.describe('id of the job') });

/** A page of a list by ascending id. */
export const pageParameters = {
  limit: wholeNumber({ min: 1, max: 200 }).default(50).describe('most entries of the page'),
  after: wholeNumber({ min: 0, max: Number.MAX_SAFE_INTEGER })
    .default(0)
    .describe('`next` of the page before; 0 for the first page'),
};
