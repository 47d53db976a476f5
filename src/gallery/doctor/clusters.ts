import type { CatalogAudit } from '../../catalog/catalog-audit.js';
import { type ClusterTable, isClusterTable } from '../../catalog/catalog-repair.js';
import type { CatalogCheck } from './check.js';

interface OrphanRow {
  readonly table: ClusterTable;
  readonly rowId: number;
  readonly detail: string;
}

function listOrphans(audit: CatalogAudit): OrphanRow[] {
  const broken = audit.listBrokenLinks().flatMap(({ table, column, parent, rowId }): OrphanRow[] => {
    if (!isClusterTable(table) || column === 'merged_into') return [];
    return [{ table, rowId, detail: `${column} of ${table} ${rowId} is of no row of ${parent}` }];
  });
  const facilities = audit.listStrayFacilities().map((rowId): OrphanRow => {
    return { table: 'facilities', rowId, detail: `the medoid of facility ${rowId} is none of its members` };
  });
  const members = audit.listStrayMembers().map((rowId): OrphanRow => {
    return { table: 'members', rowId, detail: `member ${rowId} is in a cluster of another collection` };
  });
  // One row may be wrong in several ways.
  const found = [...broken, ...facilities, ...members];
  return [...new Map(found.map(row => [`${row.table} ${row.rowId}`, row])).values()];
}

/** Of merged clusters those from which no way leads to one that was not merged. */
function listBrokenMerges(audit: CatalogAudit): number[] {
  const merges = new Map(audit.listMerges().map(({ id, mergedInto }) => [id, mergedInto]));
  const gone = audit
    .listBrokenLinks()
    .filter(({ table, column }) => table === 'clusters' && column === 'merged_into')
    .map(({ rowId }) => rowId);
  const round = [...merges.keys()].filter(id => {
    const seen = new Set<number>();
    let at: number | undefined = id;
    while (at !== undefined && !seen.has(at)) {
      seen.add(at);
      at = merges.get(at);
    }
    return at === id;
  });
  return [...new Set([...gone, ...round])];
}

/** That clusters have medoids of their own, and that what was merged is somewhere. */
export const clusters: CatalogCheck = {
  name: 'clusters',
  what: 'that clusters, their medoids and their members belong together',
  needs: 'catalog',
  async check({ audit, tell }) {
    for (const orphan of listOrphans(audit)) tell({ code: 'cluster-row-orphan', ...orphan });
    for (const rowId of listBrokenMerges(audit)) {
      const detail = `cluster ${rowId} was merged into none that is there`;
      tell({ code: 'cluster-merge-broken', table: 'clusters', rowId, detail });
    }
  },
  async mend({ repair, audit }) {
    // What is removed may leave others without what they belong to.
    for (let orphans = listOrphans(audit); orphans.length > 0; orphans = listOrphans(audit)) {
      for (const { table, rowId } of orphans) repair.removeClusterRows(table, [rowId]);
    }
    repair.forgetMerges(listBrokenMerges(audit));
  },
};
