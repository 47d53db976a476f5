import { z } from 'zod';

/** A value as JSON has it. */
export type FilterValue = string | number | boolean | null;

/** At least one bound, both of one kind. */
export interface FilterRange {
  readonly gt?: number | string | undefined;
  readonly gte?: number | string | undefined;
  readonly lt?: number | string | undefined;
  readonly lte?: number | string | undefined;
}

/**
 * Which items a search or a list speaks of; each object is one form.
 *
 * A field is one of `columnFields` or `metadata.` and a name, and further names for what lies in objects within it:
 * `metadata.size.height`. Names are separated by points and so cannot hold one.
 *
 * - `equals`: the value is this one. `in`: it is one of these. Nothing is converted: "5", 5 and true are three values.
 *   Where the metadata have an array, one element that fits is enough; an object equals nothing.
 * - `range`: a number within numbers or a text within texts, which are ordered by code point; times are texts here, as
 *   they are answered. No array is looked into.
 * - `exists`: whether the field is there with a value other than null. `equals: null` finds a field that is there with
 *   null, and items without a label.
 * - A field that is missing fits `exists: false` and no other form. `not` finds exactly what its filter does not, with
 *   missing fields too.
 */
export type ItemFilter =
  | { readonly field: string; readonly equals: FilterValue }
  | { readonly field: string; readonly in: readonly FilterValue[] }
  | { readonly field: string; readonly range: FilterRange }
  | { readonly field: string; readonly exists: boolean }
  | { readonly and: readonly ItemFilter[] }
  | { readonly or: readonly ItemFilter[] }
  | { readonly not: ItemFilter };

/** A form that looks at a field. */
export type FieldFilter = Extract<ItemFilter, { readonly field: string }>;

/** What every item has beside its metadata. */
export const columnFields = {
  id: { column: 'items.id', type: 'number' },
  key: { column: 'items.key', type: 'string' },
  label: { column: 'items.label', type: 'string' },
  width: { column: 'items.width', type: 'number' },
  height: { column: 'items.height', type: 'number' },
  bytes: { column: 'items.bytes', type: 'number' },
  format: { column: 'items.format', type: 'string' },
  createdAt: { column: 'items.created_at', type: 'string' },
  updatedAt: { column: 'items.updated_at', type: 'string' },
} as const;

export const isColumnField = (field: string): field is keyof typeof columnFields =>
  Object.hasOwn(columnFields, field);

const maxDepth = 8;
const maxNodes = 200;
const maxListLength = 1000;
const maxFieldLength = 1000;
/** As JSON in UTF-8: a cursor carries the filter from page to page. */
const maxBytes = 24 * 1024;

/** An issue that does not end the reading would come out without the path to it. */
const ending = (error: string) => ({ abort: true, error });

const fieldSchema = z
  .string()
  .max(maxFieldLength, ending(`expected at most ${maxFieldLength} characters`))
  .refine(field => isColumnField(field) || /^metadata(\.[^.]+)+$/s.test(field), {
    abort: true,
    error: ({ input }) =>
      `expected ${Object.keys(columnFields).join(', ')} or metadata.<name>, got ${JSON.stringify(input)}`,
  });

const valueSchema = z.union([z.string(), z.number(), z.boolean(), z.null()], {
  error: 'expected a text, a number, true, false or null',
});

const valueListSchema = z
  .array(valueSchema)
  .min(1, ending('expected at least one value'))
  .max(maxListLength, ending(`expected at most ${maxListLength} values`));

const boundSchema = z.union([z.number(), z.string()], { error: 'expected a number or a text' }).optional();

const rangeSchema = z
  .strictObject({ gt: boundSchema, gte: boundSchema, lt: boundSchema, lte: boundSchema })
  .superRefine(({ gt, gte, lt, lte }, context) => {
    const bounds = [gt, gte, lt, lte].filter(bound => bound !== undefined);
    const refuse = (message: string) => context.addIssue({ code: 'custom', message, continue: false });
    if (bounds.length === 0) refuse('expected at least one of gt, gte, lt, lte');
    if (gt !== undefined && gte !== undefined) refuse('expected gt or gte, got both');
    if (lt !== undefined && lte !== undefined) refuse('expected lt or lte, got both');
    if (new Set(bounds.map(bound => typeof bound)).size > 1) refuse('expected two numbers or two texts');
  });

const formNames = ['equals', 'in', 'range', 'exists', 'and', 'or', 'not'] as const;

/** Without its content, which may be of any size and depth. */
const kindOf = (value: unknown): string =>
  Array.isArray(value) ? 'a list' : value === null ? 'null' : `a ${typeof value}`;

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Of the form that was meant, what is wrong first and where. */
function describeMismatch({ input, errors }: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidUnion>): string {
  if (!isObject(input)) {
    return `expected a filter such as {"field": "label", "equals": "chair"}, got ${kindOf(input)}`;
  }
  const given = formNames.filter(name => Object.hasOwn(input, name));
  if (given.length !== 1) {
    return `expected exactly one of ${formNames.join(', ')}, got ${given.join(', ') || 'none of them'}`;
  }
  const [{ path, message }] = errors[formNames.indexOf(given[0])];
  return path.length === 0 ? message : `${path.join('.')}: ${message}`;
}

const listSchema = z
  .array(z.lazy(() => formSchema))
  .min(1, ending('expected at least one filter'))
  .meta({ id: 'ItemFilters' });

const formSchema: z.ZodType<ItemFilter> = z
  .union(
    // In the order of `formNames`.
    [
      z.strictObject({ field: fieldSchema, equals: valueSchema }),
      z.strictObject({ field: fieldSchema, in: valueListSchema }),
      z.strictObject({ field: fieldSchema, range: rangeSchema }),
      z.strictObject({ field: fieldSchema, exists: z.boolean() }),
      z.strictObject({ and: listSchema }).meta({ id: 'AndFilter' }),
      z.strictObject({ or: listSchema }),
      z.strictObject({ not: z.lazy(() => formSchema) }),
    ],
    { error: issue => (issue.code === 'invalid_union' ? describeMismatch(issue) : undefined) },
  )
  .meta({ id: 'ItemFilter' });

/** Filters right within one; of what has the wrong form, nothing. */
const filtersWithin = (value: unknown): unknown[] =>
  isObject(value)
    ? [value.and, value.or].flatMap(list => (Array.isArray(list) ? list : [])).concat(value.not ?? [])
    : [];

/** Why a filter is refused before it is looked at closer; level by level, so that no depth can hurt. */
function findExcess(filter: unknown): string | undefined {
  let nodes = 0;
  let level = [filter];
  for (let depth = 1; level.length > 0; depth++) {
    nodes += level.length;
    if (depth > maxDepth) return `expected filters within filters at most ${maxDepth} deep`;
    if (nodes > maxNodes) return `expected at most ${maxNodes} filters in all`;
    level = level.flatMap(filtersWithin);
  }
  return undefined;
}

const isShort = (filter: ItemFilter): boolean => Buffer.byteLength(JSON.stringify(filter)) <= maxBytes;

/** Reads an `ItemFilter`; the message of its first issue says what of which filter within it is wrong. */
export const itemFilterSchema = z.preprocess(
  (filter, context) => {
    const excess = findExcess(filter);
    if (excess !== undefined) context.addIssue({ code: 'custom', message: excess });
    return filter;
  },
  formSchema.refine(isShort, `expected a filter of at most ${maxBytes} bytes of JSON`),
);
