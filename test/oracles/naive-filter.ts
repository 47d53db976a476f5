import type { FieldFilter, FilterValue, ItemFilter } from '../../src/catalog/item-filter.js';

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** The value of a field; undefined where there is none. */
function fieldValue(item: Record<string, unknown>, field: string): unknown {
  let value: unknown = item;
  for (const name of field.split('.')) {
    value = isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined;
  }
  return value;
}

/** Below 0, 0 or above, as `a` comes before, with or after `b` in the order of code points. */
function compare(a: number | string, b: number | string): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  const [left, right] = [[...String(a)], [...String(b)]].map(text => text.map(c => c.codePointAt(0) ?? 0));
  const at = left.findIndex((point, i) => point !== right[i]);
  return at < 0 ? left.length - right.length : left[at] - (right[at] ?? -1);
}

function fieldMatches(item: Record<string, unknown>, filter: FieldFilter): boolean {
  const value = fieldValue(item, filter.field);
  if ('exists' in filter) return filter.exists === (value !== undefined && value !== null);
  if ('range' in filter) {
    const { gt, gte, lt, lte } = filter.range;
    const isInside = (bound: number | string | undefined, fits: (order: number) => boolean): boolean =>
      bound === undefined ||
      (typeof value === typeof bound && fits(compare(value as number | string, bound)));
    return (
      isInside(gt, order => order > 0) &&
      isInside(gte, order => order >= 0) &&
      isInside(lt, order => order < 0) &&
      isInside(lte, order => order <= 0)
    );
  }
  const values: readonly FilterValue[] = 'in' in filter ? filter.in : [filter.equals];
  const candidates = Array.isArray(value) ? value : [value];
  return candidates.some(candidate => values.some(other => other === candidate));
}

/** Whether a filter finds an item, by the words of its description. */
export function naiveMatches(item: Record<string, unknown>, filter: ItemFilter): boolean {
  if ('and' in filter) return filter.and.every(part => naiveMatches(item, part));
  if ('or' in filter) return filter.or.some(part => naiveMatches(item, part));
  if ('not' in filter) return !naiveMatches(item, filter.not);
  return fieldMatches(item, filter);
}
