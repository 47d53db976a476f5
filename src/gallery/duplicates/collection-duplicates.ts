import type { Catalog } from '../../catalog/catalog.js';
import type { Decision, NewDecision } from '../../catalog/decision-table.js';
import type { DuplicateGroupRow } from '../../catalog/duplicate-rows.js';
import { MedoidError } from '../../errors.js';
import { createTurns } from '../../take-turns.js';
import type { Activity } from '../activity.js';
import { type Item, toItem } from '../item.js';
import { requireWriting } from '../require-writing.js';
import type { DuplicateTier } from './duplicate-group.js';
import { separateSettled } from './separate-settled.js';
import { SettledPairs } from './settled-pairs.js';

interface Parts {
  readonly row: { readonly id: number; readonly name: string };
  readonly catalog: Catalog;
  readonly activity: Activity;
  readonly access: 'read' | 'write';
}

/** Of one decision. */
export const mostDecidedItems = 1000;

/** Some of a list by ascending id. */
export interface PageOfIds {
  /** 0 unless given: from the first one. */
  readonly afterId?: number;
  readonly limit: number;
}

export interface FoundDuplicate {
  readonly item: Item;
  readonly tier: DuplicateTier;
  readonly distance: number;
  readonly hashDistance: number | null;
}

/** A group as it is now: with items that are still there, have the same picture, and of which nothing was decided. */
export interface FoundGroup {
  readonly representative: Item;
  /** At least one. */
  readonly items: readonly FoundDuplicate[];
}

export interface FoundPage {
  /** The newest search that has finished; null while there is none. */
  readonly search: {
    readonly finishedAt: string;
    readonly modelId: string;
    readonly maxDistance: number;
    readonly tiers: readonly DuplicateTier[];
  } | null;
  readonly groups: readonly FoundGroup[];
  /** Where the next page begins; null when this is the last one. */
  readonly next: number | null;
}

export interface FoundListing extends PageOfIds {
  /** Only duplicates of these; of all unless given. */
  readonly tiers?: readonly DuplicateTier[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What was found and decided of the duplicates of a collection. */
export class CollectionDuplicates {
  constructor(private readonly parts: Parts) {}

  /**
   * Remembers that some items are one and shall all stay, or are none: no two of them are told of again, as long as they have
   * the pictures that they have now.
   * @throws MedoidError `not-found` for an item there is none of, `invalid-request`, `read-only`
   */
  decide({ verdict, itemIds }: NewDecision): Promise<Decision> {
    return this.write(() => {
      const { catalog, row } = this.parts;
      const ids = [...new Set(itemIds)];
      if (ids.length < 2 || ids.length > mostDecidedItems) {
        throw new MedoidError(
          'invalid-request',
          `itemIds: expected two to ${mostDecidedItems} different items, got ${ids.length}`,
          { field: 'itemIds' },
        );
      }
      for (const id of ids) {
        if (catalog.findItem(row.id, id) === undefined) {
          throw new MedoidError('not-found', `${row.name} has no item ${id}`, { field: 'itemIds' });
        }
      }
      return catalog.decisions.add(row.id, { verdict, itemIds: ids });
    });
  }

  listDecisions({ afterId = 0, limit }: PageOfIds): { decisions: Decision[]; next: number | null } {
    const rows = this.parts.catalog.decisions.list(this.parts.row.id, { afterId, limit: limit + 1 });
    const decisions = rows.slice(0, limit);
    return { decisions, next: rows.length > limit ? decisions[limit - 1].id : null };
  }

  /** Its pairs are asked of again. @throws MedoidError `not-found`, `read-only` */
  forgetDecision(id: number): Promise<void> {
    return this.write(() => {
      const { catalog, row } = this.parts;
      if (catalog.decisions.remove(row.id, id)) return;
      throw new MedoidError('not-found', `${row.name} has no decision ${id}`);
    });
  }

  /** Those of the items that were named together, to be asked of no more. */
  settledAmong(itemIds: readonly number[]): SettledPairs {
    return new SettledPairs(itemIds.flatMap(id => this.parts.catalog.decisions.listHoldingOf(id)));
  }

  /**
   * What the newest search has found, less what was removed, replaced or decided since. Of a group whose representative is
   * gone nothing is told: what the others have to do with each other another search will find.
   * @throws MedoidError `interrupted`
   */
  listFound({ afterId = 0, limit, tiers, signal }: FoundListing): Promise<FoundPage> {
    return this.parts.activity.run(async () => {
      const { catalog, row } = this.parts;
      const search = catalog.duplicates.findNewest(row.id);
      if (search?.finishedAt == null) return { search: null, groups: [], next: null };
      const takeTurn = createTurns(signal);
      const groups: FoundGroup[] = [];
      for (let after = afterId; ; ) {
        const [stored] = catalog.duplicates.listGroups(search.id, { afterId: after, limit: 1 });
        const { modelId, maxDistance, finishedAt } = search;
        const told = { modelId, maxDistance, finishedAt, tiers: search.tiers as DuplicateTier[] };
        if (stored === undefined) return { search: told, groups, next: null };
        if (groups.length >= limit) return { search: told, groups, next: after };
        await takeTurn();
        groups.push(...this.readGroup(stored, tiers));
        after = stored.id;
      }
    });
  }

  /** What is left of it; several groups where what was decided since takes it apart. */
  private readGroup(
    { members: [head, ...others] }: DuplicateGroupRow,
    tiers: readonly DuplicateTier[] | undefined,
  ): FoundGroup[] {
    const representative = this.findUnchanged(head);
    if (representative === undefined) return [];
    const items = new Map<number, Item>();
    const left = others.flatMap(member => {
      const tier = member.tier as DuplicateTier;
      if (tiers !== undefined && !tiers.includes(tier)) return [];
      const item = this.findUnchanged(member);
      if (item === undefined) return [];
      items.set(item.id, item);
      return [{ id: item.id, tier, distance: member.distance, hashDistance: member.hashDistance }];
    });
    const settled = this.settledAmong([representative.id, ...items.keys()]);
    return separateSettled(representative.id, left, settled).map(group => ({
      representative,
      items: group.items.map(({ id, ...rest }) => ({ item: items.get(id) as Item, ...rest })),
    }));
  }

  private findUnchanged(member: { readonly itemId: number; readonly imageSha256: string }): Item | undefined {
    const row = this.parts.catalog.findItem(this.parts.row.id, member.itemId);
    return row?.imageSha256 === member.imageSha256 ? toItem(row) : undefined;
  }

  private write<T>(work: () => T): Promise<T> {
    return this.parts.activity.run(async () => {
      requireWriting(this.parts.access);
      return work();
    });
  }
}
