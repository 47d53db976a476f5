import type { z } from 'zod';
import { findJsonExcess } from '../api/json-shape.js';
import { MedoidError } from '../errors.js';

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

const shownLength = 200;

/** Of a union without a message of its own, which says nothing. */
const zodsOwnUnionMessage = 'Invalid input';

/** `Too small: expected number to be >=1` and `Invalid input: expected object, received undefined`, without the rest. */
const expectationOf = (message: string): string =>
  message.replace(/^.*?(?=expected )/, '').replace(/, received \w+$/, '');

/** `items.3.key` */
const nameOf = (path: Path): string => shorten(path.map(String).join('.'));

/** Of a union, what the alternative that came furthest complains of. */
function mostTelling(issue: Issue, path: Path): { readonly issue: Issue; readonly path: Path } {
  const here = [...path, ...issue.path];
  const says = issue.code === 'invalid_union' && issue.message === zodsOwnUnionMessage;
  if (!says || issue.errors.length === 0) return { issue, path: here };
  const candidates = issue.errors
    .filter(issues => issues.length > 0)
    .map(issues => ({ issues, strangers: issues.filter(({ code }) => code === 'unrecognized_keys').length }));
  const missing = (issues: readonly Issue[]): number =>
    issues.filter(one => one.code === 'invalid_type' && one.path.length === 1).length;
  const [best] = candidates.sort(
    (a, b) =>
      a.strangers + missing(a.issues) - (b.strangers + missing(b.issues)) ||
      a.issues.length - b.issues.length,
  );
  return best === undefined ? { issue, path: here } : mostTelling(best.issues[0], here);
}

function valueAt(given: unknown, path: Path): unknown {
  let value = given;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[name];
  }
  return value;
}

const shorten = (text: string): string =>
  text.length > shownLength ? `${text.slice(0, shownLength)}…` : text;

const show = (value: unknown): string => shorten(JSON.stringify(value) ?? 'nothing');

/** @throws MedoidError `invalid-request` naming the field, what was expected and what came */
export function parse<Schema extends z.ZodType>(
  schema: Schema,
  given: unknown,
  /** What the fields are called: parameters or fields. */
  noun: 'parameter' | 'field',
): z.output<Schema> {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  const { issue, path } = mostTelling(parsed.error.issues[0], []);
  if (issue.code === 'unrecognized_keys') {
    const field = nameOf([...path, issue.keys[0]]);
    throw new MedoidError('invalid-request', `there is no ${noun} ${JSON.stringify(field)} here`, { field });
  }
  const name = nameOf(path);
  const got = `${expectationOf(issue.message)}, got ${show(valueAt(given, path))}`;
  if (name === '') throw new MedoidError('invalid-request', got);
  throw new MedoidError('invalid-request', `${name}: ${got}`, { field: name });
}

/** Of a request that says everything in JSON. @throws MedoidError `invalid-request` */
export function requireNoParameters(query: object): void {
  const [parameter] = Object.keys(query);
  if (parameter === undefined) return;
  throw new MedoidError('invalid-request', `${parameter}: expected it in the body, which is JSON`, {
    field: parameter,
  });
}

/**
 * @param bytes JSON in UTF-8
 * @throws MedoidError `invalid-request`
 */
export function parseJson(bytes: Buffer): unknown {
  const excess = findJsonExcess(bytes);
  if (excess !== undefined) throw new MedoidError('invalid-request', excess);
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : 'it is not UTF-8';
    throw new MedoidError('invalid-request', `expected JSON: ${reason}`, { cause: error });
  }
}
