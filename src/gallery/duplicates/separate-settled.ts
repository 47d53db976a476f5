import type { Duplicate, DuplicateGroup } from './duplicate-group.js';
import type { SettledPairs } from './settled-pairs.js';

/**
 * Groups around one item in which no two are settled with each other: those that cannot be together are in several groups,
 * as each of them is still to be compared with what stands for them.
 * @param items as they are to be told
 */
export function separateSettled(
  representative: number,
  items: readonly Duplicate[],
  settled: SettledPairs,
): DuplicateGroup[] {
  const groups: DuplicateGroup[] = [];
  let waiting = items.filter(({ id }) => !settled.has(representative, id));
  while (waiting.length > 0) {
    const together: Duplicate[] = [];
    const later: Duplicate[] = [];
    for (const item of waiting) {
      (together.some(({ id }) => settled.has(id, item.id)) ? later : together).push(item);
    }
    groups.push({ representative, items: together });
    waiting = later;
  }
  return groups;
}
