import type { Duplicate, DuplicateGroup } from './duplicate-group.js';
import type { SettledPairs } from './settled-pairs.js';

function isAnyOf(own: ReadonlySet<number>, taken: ReadonlySet<number>): boolean {
  for (const decision of own) if (taken.has(decision)) return true;
  return false;
}

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
    // Two share a decision or are not settled: so there may be any number of copies, without comparing each with every other.
    const decisions = new Set<number>();
    for (const item of waiting) {
      const own = settled.decisionsOf(item.id);
      if (isAnyOf(own, decisions)) {
        later.push(item);
        continue;
      }
      together.push(item);
      for (const decision of own) decisions.add(decision);
    }
    groups.push({ representative, items: together });
    waiting = later;
  }
  return groups;
}
