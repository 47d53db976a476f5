import type { DuplicatesFound, DuplicateTier } from '../../src/gallery/duplicates/duplicate-group.js';
import { duplicateTiers } from '../../src/gallery/duplicates/duplicate-group.js';
import type { Origins } from './plant-copies.js';

interface KindCount {
  readonly kind: string;
  planted: number;
  /** In one group with what it was made of, by the tier of the one that does not stand for it. */
  readonly found: Record<DuplicateTier, number>;
  /** In the group of another picture. */
  wrong: number;
}

interface TierCount {
  readonly tier: DuplicateTier;
  /** Items said to show the same as what stands for them. */
  members: number;
  /** Of these, those made of the same picture. */
  right: number;
}

export interface Judgement {
  readonly kinds: readonly KindCount[];
  readonly tiers: readonly TierCount[];
}

/** Two pictures that were not planted count as different, however alike they are. */
export function judgeGroups({ groups }: DuplicatesFound, origins: Origins): Judgement {
  const kinds = new Map<string, KindCount>();
  for (const { kind } of origins.values()) {
    if (kind === null) continue;
    const count = kinds.get(kind);
    if (count !== undefined) count.planted++;
    else kinds.set(kind, { kind, planted: 1, found: { identical: 0, 'same-picture': 0, near: 0 }, wrong: 0 });
  }
  const tiers = duplicateTiers.map((tier): TierCount => ({ tier, members: 0, right: 0 }));
  const originOf = (id: number) => origins.get(id) as { origin: string; kind: string | null };
  for (const { representative, items } of groups) {
    const { origin: standing, kind: standingKind } = originOf(representative);
    for (const { id, tier } of items) {
      const { origin, kind } = originOf(id);
      const isRight = origin === standing;
      const count = tiers.find(entry => entry.tier === tier) as TierCount;
      count.members++;
      if (isRight) count.right++;
      const judged = kind ?? (isRight ? standingKind : null);
      if (judged === null) continue;
      const ofKind = kinds.get(judged) as KindCount;
      if (isRight) ofKind.found[tier]++;
      else ofKind.wrong++;
    }
  }
  return { kinds: [...kinds.values()], tiers };
}
