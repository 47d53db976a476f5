import { compileItemFilter } from '../catalog/item-filter.js';
import type { ItemRow } from '../catalog/rows.js';
import { MedoidError } from '../errors.js';
import { embedQueries, type QueryTools } from './embed-queries.js';
import type { EmbeddingSpace } from './embedding-space.js';
import { toItem } from './item.js';
import { rankHits } from './rank-hits.js';
import { encodeSearchCursor, parseSearchCursor, type SearchPage } from './search-cursor.js';
import type { SearchAnswer, SearchQuestion, SearchTimings } from './search-question.js';

const roundMs = (ms: number): number => Math.round(ms * 100) / 100;

/** What is looked for, and from where on. */
interface Prepared {
  readonly page: SearchPage;
  readonly timingsMs: Omit<SearchTimings, 'search'>;
}

async function prepare(question: SearchQuestion, space: EmbeddingSpace, tools: QueryTools): Promise<Prepared> {
  if ('cursor' in question) {
    const page = parseSearchCursor(question.cursor, space.dimension);
    if (page.modelId === space.modelId) return { page, timingsMs: { fetch: 0, decode: 0, embed: 0 } };
    throw new MedoidError(
      'model-mismatch',
      `the cursor is of the model ${page.modelId}, the collection is now searched with ${space.modelId}: ask anew`,
      { field: 'cursor' },
    );
  }
  const { queries, options } = question;
  const { vector, itemIds, timingsMs } = await embedQueries(queries, space, tools);
  const excludedItems = options.includeSelf ? [] : itemIds;
  return { page: { modelId: space.modelId, vector, offset: 0, excludedItems, options }, timingsMs };
}

/** Within one transaction, so that everything is of one moment. */
function findPage(page: SearchPage, space: EmbeddingSpace, { catalog }: QueryTools) {
  const { vector, offset, excludedItems, options } = page;
  const { k, maxDistance, filter, exact, onePerLabel, diversity } = options;
  return catalog.transaction(() => {
    space.refresh();
    const scale = space.similarityScale();
    const { hits, hasMore } = rankHits({ graph: space.graph, exact: () => space.exact() }, vector, {
      k,
      offset,
      exact,
      diversity,
      exclude: new Set(excludedItems.flatMap(id => space.vectorIdOf(id) ?? [])),
      ...(maxDistance === undefined ? {} : { maxDistance }),
      ...(filter === undefined ? {} : { allowed: space.vectorIdsOf(compileItemFilter(filter)) }),
      ...(onePerLabel ? { labelOf: (id: number) => catalog.findLabelOfVector(id) } : {}),
    });
    const results = hits.map(({ id, distance }) => ({
      item: toItem(catalog.findItemByVector(id) as ItemRow),
      distance,
      similarity: scale?.similarity(distance) ?? null,
    }));
    return { results, hasMore };
  });
}

/**
 * Answers one search in one space.
 * @throws MedoidError `invalid-vector`, `not-found`, `model-mismatch`, `invalid-request` for a cursor that is none, or
 *   of an image's own fault
 */
export async function answerQuestion(
  space: EmbeddingSpace,
  question: SearchQuestion,
  tools: QueryTools,
): Promise<SearchAnswer> {
  const { page, timingsMs } = await prepare(question, space, tools);
  const began = performance.now();
  const { results, hasMore } = findPage(page, space, tools);
  const next = hasMore ? encodeSearchCursor({ ...page, offset: page.offset + page.options.k }) : null;
  const search = performance.now() - began;
  const timings = { ...timingsMs, search };
  return {
    results,
    next,
    modelId: space.modelId,
    timingsMs: {
      fetch: roundMs(timings.fetch),
      decode: roundMs(timings.decode),
      embed: roundMs(timings.embed),
      search: roundMs(timings.search),
    },
  };
}
