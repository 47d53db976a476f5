import {
  columnFields,
  type FieldFilter,
  type FilterRange,
  type FilterValue,
  type ItemFilter,
  isColumnField,
} from './item-filter.js';
import type { ItemWhere } from './item-where.js';

type Kind = 'string' | 'number' | 'boolean' | 'null';

const fixed = (sql: string): ItemWhere => ({ sql, parameters: [] });
const parameter = (value: string | number): ItemWhere => ({ sql: '?', parameters: [value] });
const always = fixed('1');
const never = fixed('0');

const kindOf = (value: FilterValue): Kind => (value === null ? 'null' : (typeof value as Kind));

const concat = (...parts: readonly (ItemWhere | string)[]): ItemWhere => {
  const fragments = parts.map(part => (typeof part === 'string' ? fixed(part) : part));
  return {
    sql: fragments.map(({ sql }) => sql).join(''),
    parameters: fragments.flatMap(({ parameters }) => parameters),
  };
};

/** @param parts at least one */
function join(parts: readonly ItemWhere[], operator: 'AND' | 'OR'): ItemWhere {
  if (parts.length === 1) return parts[0];
  return concat('(', ...parts.flatMap((part, i) => (i === 0 ? [part] : [` ${operator} `, part])), ')');
}

/** Each name quoted as JSON is, which is how SQLite reads it. */
const toJsonPath = (field: string): string =>
  `$${field
    .split('.')
    .slice(1)
    .map(name => `.${JSON.stringify(name)}`)
    .join('')}`;

/** All values are of the kind that the expression has, so that SQLite converts nothing. */
function compileOneOf(expression: ItemWhere, values: readonly (string | number)[]): ItemWhere {
  if (values.length === 0) return never;
  if (values.length === 1) return concat(expression, ' = ', parameter(values[0]));
  const value = typeof values[0] === 'number' ? 'CAST(value AS REAL)' : 'value';
  return concat(expression, ` IN (SELECT ${value} FROM json_each(`, parameter(JSON.stringify(values)), '))');
}

const operators = { gt: '>', gte: '>=', lt: '<', lte: '<=' } as const;

/** As `compileOneOf`. */
function compileRange(expression: ItemWhere, range: FilterRange): ItemWhere {
  const bounds = Object.entries(operators).flatMap(([name, operator]) => {
    const bound = range[name as keyof FilterRange];
    return bound === undefined ? [] : [concat(expression, ` ${operator} `, parameter(bound))];
  });
  return join(bounds, 'AND');
}

const kindOfRange = (range: FilterRange): Kind =>
  kindOf(Object.values(range).find(bound => bound !== undefined));

function compileColumn(field: keyof typeof columnFields, filter: FieldFilter): ItemWhere {
  const { column, type } = columnFields[field];
  const isThere = fixed(`${column} IS NOT NULL`);
  const isNull = fixed(`${column} IS NULL`);
  if ('exists' in filter) return filter.exists ? isThere : isNull;
  if ('range' in filter) {
    return kindOfRange(filter.range) === type
      ? join([isThere, compileRange(fixed(column), filter.range)], 'AND')
      : never;
  }
  const values = 'in' in filter ? filter.in : [filter.equals];
  const fitting = values.filter(value => kindOf(value) === type) as (string | number)[];
  const found = join([isThere, compileOneOf(fixed(column), fitting)], 'AND');
  return values.includes(null) ? join([isNull, found], 'OR') : found;
}

/** What a filter asks of values whose JSON type is one of `types`. */
interface TypedCondition {
  readonly types: readonly string[];
  readonly of: (value: ItemWhere) => ItemWhere;
}

const typesOf = { string: ['text'], number: ['integer', 'real'] } as const;
/** JSON may have whole numbers beyond 2⁵³, which here are what they are in JavaScript. */
const asNumber = (value: ItemWhere): ItemWhere => concat('CAST(', value, ' AS REAL)');

function oneOfConditions(values: readonly FilterValue[]): TypedCondition[] {
  const texts = values.filter(value => typeof value === 'string');
  const numbers = values.filter(value => typeof value === 'number');
  const others = [...new Set(values)].filter(value => value === null || typeof value === 'boolean');
  return [
    { types: typesOf.string, of: (value: ItemWhere) => compileOneOf(value, texts) },
    { types: typesOf.number, of: (value: ItemWhere) => compileOneOf(asNumber(value), numbers) },
    { types: others.map(String), of: () => always },
  ];
}

function rangeConditions(range: FilterRange): TypedCondition[] {
  return kindOfRange(range) === 'number'
    ? [{ types: typesOf.number, of: value => compileRange(asNumber(value), range) }]
    : [{ types: typesOf.string, of: value => compileRange(value, range) }];
}

/** A CASE, so that of values of another type nothing but the type is read. */
const compileCase = (type: ItemWhere, value: ItemWhere, conditions: readonly TypedCondition[]): ItemWhere =>
  concat(
    ...['CASE ', type],
    ...conditions.flatMap(({ types, of }) => types.flatMap(name => [` WHEN '${name}' THEN `, of(value)])),
    ' ELSE 0 END',
  );

function compileMetadata(field: string, filter: FieldFilter): ItemWhere {
  const path = parameter(toJsonPath(field));
  const type = concat('json_type(items.metadata, ', path, ')');
  if ('exists' in filter) {
    return concat('ifnull(', type, `, 'null') ${filter.exists ? '<>' : '='} 'null'`);
  }
  const value = concat('json_extract(items.metadata, ', path, ')');
  if ('range' in filter) return compileCase(type, value, rangeConditions(filter.range));
  const conditions = oneOfConditions('in' in filter ? filter.in : [filter.equals]);
  const someElement = concat(
    ...['EXISTS (SELECT 1 FROM json_each(items.metadata, ', path, ') AS element WHERE '],
    compileCase(fixed('element.type'), fixed('element.value'), conditions),
    ')',
  );
  return compileCase(type, value, [...conditions, { types: ['array'], of: () => someElement }]);
}

/**
 * Which rows of `items` a filter finds, as a condition for a WHERE. Every value and every path is a parameter. It is 0
 * or 1, never NULL.
 * @param filter as `itemFilterSchema` has read it
 */
export function compileItemFilter(filter: ItemFilter): ItemWhere {
  if ('and' in filter) return join(filter.and.map(compileItemFilter), 'AND');
  if ('or' in filter) return join(filter.or.map(compileItemFilter), 'OR');
  if ('not' in filter) {
    return concat('NOT (', compileItemFilter(filter.not), ')');
  }
  return isColumnField(filter.field)
    ? compileColumn(filter.field, filter)
    : compileMetadata(filter.field, filter);
}
