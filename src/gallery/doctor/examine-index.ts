import type { CatalogAudit } from '../../catalog/catalog-audit.js';
import type { EmbeddingSetRow } from '../../catalog/rows.js';
import { ExactIndex } from '../../vector-index/exact.js';
import type { HnswIndex } from '../../vector-index/hnsw.js';
import { probeRecall } from '../probe-recall.js';
import type { CheckedGallery } from './check.js';
import type { Finding } from './finding.js';
import { readUsable } from './read-usable.js';

/** Of the ten nearest neighbours, found by the graph. */
const leastRecall = 0.95;

type Fault = Pick<Finding, 'code' | 'detail'>;

interface Comparison {
  /** Of the vectors that index and catalog have. */
  readonly exact: ExactIndex;
  /** How many the catalog has not. */
  readonly strangers: number;
  /** How many vectors are another in the catalog, and the first of them. */
  readonly wrong: number;
  readonly firstWrong: number | undefined;
}

async function compare(
  index: HnswIndex,
  set: EmbeddingSetRow,
  { catalog, takeTurn }: CheckedGallery,
): Promise<Comparison> {
  const exact = new ExactIndex(set.dimension);
  let strangers = 0;
  let wrong = 0;
  let firstWrong: number | undefined;
  for (const id of index.ids()) {
    await takeTurn();
    if (!catalog.sets.hasVector(set.id, id)) {
      strangers++;
      continue;
    }
    const expected = readUsable(catalog, set, id);
    // Of one that cannot be searched another check tells.
    if (expected === undefined) continue;
    const actual = index.vector(id);
    if (expected.some((value, d) => value !== actual[d])) {
      wrong++;
      firstWrong ??= id;
    } else exact.add([{ id, vector: expected }]);
  }
  return { exact, strangers, wrong, firstWrong };
}

/** Vectors of the catalog that could be in the index and are not. */
async function countMissing(
  index: HnswIndex,
  set: EmbeddingSetRow,
  { catalog, takeTurn }: CheckedGallery,
): Promise<number> {
  let missing = 0;
  for (const id of catalog.sets.eachVectorId(set.id)) {
    await takeTurn();
    if (!index.has(id) && readUsable(catalog, set, id) !== undefined) missing++;
  }
  return missing;
}

/** The highest vector id that the catalog has ever given out. */
function highestId(gallery: CheckedGallery, audit: CatalogAudit): number {
  // Also where the catalog itself has forgotten how far it was, of which another check tells.
  const behind = audit.listSequencesBehind().find(({ table }) => table === 'vectors');
  return Math.max(gallery.catalog.sets.lastVectorId(), behind?.highestId ?? 0);
}

async function findLowRecall(
  index: HnswIndex,
  { exact }: Comparison,
  gallery: CheckedGallery,
): Promise<Fault[]> {
  index.remove([...index.ids()].filter(id => !exact.has(id)));
  const recall = await probeRecall({ graph: index, exact, seed: 'doctor', takeTurn: gallery.takeTurn });
  if (recall === undefined || recall >= leastRecall) return [];
  return [
    { code: 'index-recall-low', detail: `expected recall@10 of ${leastRecall}, got ${recall.toFixed(3)}` },
  ];
}

/**
 * Compares an index that was loaded with the catalog, vector by vector.
 * @param isCurrent whether it should have all that the catalog has, and nothing more
 */
export async function examineIndex(
  index: HnswIndex,
  { set, isCurrent }: { readonly set: EmbeddingSetRow; readonly isCurrent: boolean },
  gallery: CheckedGallery,
): Promise<Fault[]> {
  const { lastId } = index;
  const highest = highestId(gallery, gallery.audit);
  if (lastId > highest) {
    return [
      { code: 'index-other-catalog', detail: `it has seen vector ${lastId}, the catalog only ${highest}` },
    ];
  }
  const comparison = await compare(index, set, gallery);
  const { wrong, firstWrong, strangers } = comparison;
  if (wrong > 0) {
    const detail = `${wrong} of ${index.size} vectors are others in the catalog, vector ${firstWrong} first`;
    return [{ code: 'index-vector-wrong', detail }];
  }
  const missing = await countMissing(index, set, gallery);
  if (isCurrent && missing + strangers > 0) {
    const detail = `it lacks ${missing} vectors and has ${strangers} that are gone`;
    return [{ code: 'index-behind', detail }];
  }
  return findLowRecall(index, comparison, gallery);
}
