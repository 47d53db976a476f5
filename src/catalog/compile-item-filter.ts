import {
  columnFields,
  type FieldFilter,
  type FilterRange,
  type FilterValue,
  type ItemFilter,
  isColumnField,
} from './item-filter.js';

/** A condition on the table `items`, and what its question marks stand for, in order. It is 0 or 1, never NULL. */
export interface CompiledFilter {
  readonly sql: string;
  readonly parameters: (string | number)[];
}

type Kind = 'string' | 'number' | 'boolean' | 'null';

const fixed = (sql: string): CompiledFilter => ({ sql, parameters: [] });
const always = fixed('1');
const never = fixed('0');

const kindOf = (value: FilterValue): Kind => (value === null ? 'null' : (typeof value as Kind));

function join(parts: readonly CompiledFilter[], operator: 'AND' | 'OR'): CompiledFilter {
  if (parts.length === 1) return parts[0];
  if (parts.length === 0) return operator === 'AND' ? always : never;
  return {
    sql: `(${parts.map(({ sql }) => sql).join(` ${operator} `)})`,
    parameters: parts.flatMap(({ parameters }) => parameters),
  };
}

/** Each name quoted as JSON is, which is how SQLite reads it. */
const toJsonPath = (field: string): string =>
  `$${field
    .split('.')
    .slice(1)
    .map(name => `.${JSON.stringify(name)}`)
    .join('')}`;

/** All values are of the kind that the expression has, so that SQLite converts nothing. */
function compileOneOf(expression: string, values: readonly (string | number)[]): CompiledFilter {
  if (values.length === 0) return never;
  if (values.length === 1) return { sql: `${expression} = ?`, parameters: [values[0]] };
  const value = typeof values[0] === 'number' ? 'CAST(value AS REAL)' : 'value';
  return {
    sql: `${expression} IN (SELECT ${value} FROM json_each(?))`,
    parameters: [JSON.stringify(values)],
  };
}

const operators = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

/** As `compileOneOf`. */
function compileRange(expression: string, range: FilterRange): CompiledFilter {
  const bounds = Object.entries(operators).flatMap(([name, operator]) => {
    const bound = range[name as keyof FilterRange];
    return bound === undefined ? [] : [{ sql: `${expression} ${operator} ?`, parameters: [bound] }];
  });
  return join(bounds, 'AND');
}

const kindOfRange = (range: FilterRange): Kind =>
  kindOf(Object.values(range).find(bound => bound !== undefined));

function compileColumn(field: keyof typeof columnFields, filter: FieldFilter): CompiledFilter {
  const { column, type } = columnFields[field];
  const isThere = fixed(`${column} IS NOT NULL`);
  const isNull = fixed(`${column} IS NULL`);
  if ('exists' in filter) return filter.exists ? isThere : isNull;
  if ('range' in filter) {
    return kindOfRange(filter.range) === type
      ? join([isThere, compileRange(column, filter.range)], 'AND')
      : never;
  }
  const values = 'in' in filter ? filter.in : [filter.equals];
  const fitting = values.filter(value => kindOf(value) === type) as (string | number)[];
  const found = join([isThere, compileOneOf(column, fitting)], 'AND');
  return values.includes(null) ? join([isNull, found], 'OR') : found;
}

const isText = fixed(`element.type = 'text'`);
const isNumber = fixed(`element.type IN ('integer', 'real')`);
/** JSON may have whole numbers beyond 2⁵³, which here are what they are in JavaScript. */
const numberValue = 'CAST(element.value AS REAL)';

/** Of the one value that a row of `json_each` has. */
function compileElement(values: readonly FilterValue[]): CompiledFilter {
  const ofKind = (kind: Kind) => values.filter(value => kindOf(value) === kind);
  const texts = ofKind('string') as string[];
  const numbers = ofKind('number') as number[];
  const types = [...new Set(values)]
    .filter(value => value === null || typeof value === 'boolean')
    .map(String);
  return join(
    [
      ...(texts.length > 0 ? [join([isText, compileOneOf('element.value', texts)], 'AND')] : []),
      ...(numbers.length > 0 ? [join([isNumber, compileOneOf(numberValue, numbers)], 'AND')] : []),
      ...types.map(type => ({ sql: 'element.type = ?', parameters: [type] })),
    ],
    'OR',
  );
}

/** `json_each` gives a row for what is neither an array nor an object, and a row for each of their elements. */
function compileMetadata(field: string, filter: FieldFilter): CompiledFilter {
  const path = toJsonPath(field);
  const type = 'json_type(items.metadata, ?)';
  if ('exists' in filter) {
    return { sql: `ifnull(${type}, 'null') ${filter.exists ? '<>' : '='} 'null'`, parameters: [path] };
  }
  const some = (condition: CompiledFilter, withoutTypes: string): CompiledFilter => ({
    sql: `(EXISTS (SELECT 1 FROM json_each(items.metadata, ?) AS element WHERE ${condition.sql})
      AND ${type} NOT IN ${withoutTypes})`,
    parameters: [path, ...condition.parameters, path],
  });
  if (!('range' in filter)) {
    return some(compileElement('in' in filter ? filter.in : [filter.equals]), `('object')`);
  }
  const [isKind, value] =
    kindOfRange(filter.range) === 'number' ? [isNumber, numberValue] : [isText, 'element.value'];
  return some(join([isKind, compileRange(value, filter.range)], 'AND'), `('object', 'array')`);
}

/**
 * Which rows of `items` a filter finds, as a condition for a WHERE. Every value and every path is a parameter.
 * @param filter as `itemFilterSchema` has read it
 */
export function compileItemFilter(filter: ItemFilter): CompiledFilter {
  if ('and' in filter) return join(filter.and.map(compileItemFilter), 'AND');
  if ('or' in filter) return join(filter.or.map(compileItemFilter), 'OR');
  if ('not' in filter) {
    const { sql, parameters } = compileItemFilter(filter.not);
    return { sql: `NOT (${sql})`, parameters };
  }
  return isColumnField(filter.field)
    ? compileColumn(filter.field, filter)
    : compileMetadata(filter.field, filter);
}
