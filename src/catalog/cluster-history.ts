import type Database from 'better-sqlite3';
import { type ClusterEventKind, type ClusterEventRow, parseClusterEvent } from './cluster-rows.js';

export interface NewClusterEvent {
  readonly clusterId: number;
  readonly kind: ClusterEventKind;
  readonly isByHand: boolean;
  readonly otherClusterId?: number | undefined;
  readonly itemId?: number | undefined;
  readonly items?: number | undefined;
  readonly name?: string | null | undefined;
}

const prepareStatements = (database: Database.Database) => ({
  add: database.prepare(
    `INSERT INTO cluster_events (cluster_id, kind, by_hand, other_cluster_id, item_id, items, name, at)
     VALUES (@clusterId, @kind, @byHand, @otherClusterId, @itemId, @items, @name, @now)`,
  ),
  last: database.prepare('SELECT * FROM cluster_events WHERE cluster_id = ? ORDER BY id DESC LIMIT 1'),
  count: database.prepare('UPDATE cluster_events SET items = items + @items, at = @now WHERE id = @id'),
  list: database.prepare(
    'SELECT * FROM cluster_events WHERE cluster_id = @clusterId AND id > @afterId ORDER BY id LIMIT @limit',
  ),
});

const now = (): string => new Date().toISOString();

/** What has become of clusters. */
export class ClusterHistory {
  private readonly statements: ReturnType<typeof prepareStatements>;

  constructor(database: Database.Database) {
    this.statements = prepareStatements(database);
  }

  add({ isByHand, ...event }: NewClusterEvent): void {
    const columns = { otherClusterId: null, itemId: null, items: null, name: null, ...event };
    this.statements.add.run({ ...columns, byHand: Number(isByHand), now: now() });
  }

  /** Those that come or go one after another are one event, of the time of the last. */
  count(clusterId: number, kind: 'joined' | 'left', items: number): void {
    const row = this.statements.last.get(clusterId);
    const last = row === undefined ? undefined : parseClusterEvent(row);
    if (last?.kind === kind && !last.isByHand) this.statements.count.run({ id: last.id, items, now: now() });
    else this.add({ clusterId, kind, isByHand: false, items });
  }

  /** By ascending id, from the first one above `afterId`. */
  list(clusterId: number, page: { afterId: number; limit: number }): ClusterEventRow[] {
    return this.statements.list.all({ clusterId, ...page }).map(parseClusterEvent);
  }
}
