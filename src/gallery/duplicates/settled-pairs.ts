import type { DecidedItem } from '../../catalog/decision-table.js';
import type { Picture } from './list-pictures.js';

const none: ReadonlySet<number> = new Set();

/** Pairs of items of which it was decided what they have to do with each other. */
export class SettledPairs {
  private readonly byItem = new Map<number, Set<number>>();
  private readonly kept = new Set<number>();

  constructor(decided: Iterable<DecidedItem>) {
    for (const { itemId, decisionId, verdict } of decided) {
      const decisions = this.byItem.get(itemId) ?? new Set();
      this.byItem.set(itemId, decisions.add(decisionId));
      if (verdict === 'keep') this.kept.add(itemId);
    }
  }

  /** Those that the item has a part in: two items are settled where they share one. */
  decisionsOf(itemId: number): ReadonlySet<number> {
    return this.byItem.get(itemId) ?? none;
  }

  has(a: number, b: number): boolean {
    const [first, second] = [this.byItem.get(a), this.byItem.get(b)];
    if (first === undefined || second === undefined) return false;
    for (const decision of first) if (second.has(decision)) return true;
    return false;
  }

  /** Whether every item of one is settled with every item of the other. */
  hasAll(a: Picture, b: Picture): boolean {
    return a.items.every(one => b.items.every(other => this.has(one.itemId, other.itemId)));
  }

  /** Whether it was decided that the item shall stay, whatever it shows. */
  isKept(itemId: number): boolean {
    return this.kept.has(itemId);
  }
}
