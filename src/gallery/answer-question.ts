import { z } from 'zod';
import { compileItemFilter } from '../catalog/compile-item-filter.js';
import type { ItemRow } from '../catalog/rows.js';
import { MedoidError } from '../errors.js';
import { embedQueries, type QueryTools } from './embed-queries.js';
import type { EmbeddingSpace } from './embedding-space.js';
import { toItem } from './item.js';
import { furthestHit, rankHits } from './rank-hits.js';
import { encodeSearchCursor, parseSearchCursor, type SearchCursor } from './search-cursor.js';
import {
  type Neighbour,
  type SearchAnswer,
  type SearchOptions,
  type SearchQuestion,
  type SearchTimings,
  searchOptionsSchema,
} from './search-question.js';

const mostExcluded = 100;

/** What a cursor carries of the question. */
const continuationSchema = searchOptionsSchema.extend({
  /** Items that were asked with. */
  excludedItems: z.array(z.int().min(1)).max(mostExcluded).default([]),
});

/** What is looked for, and from where on. */
interface Prepared {
  readonly page: SearchCursor<z.output<typeof continuationSchema>>;
  readonly timingsMs: Omit<SearchTimings, 'search'>;
}

/** To diversify takes time by the square of them, in which nothing else is answered. */
const mostDiversified = 200;

/** @throws MedoidError `invalid-request` */
function requireAffordable({ k, diversity }: SearchOptions): void {
  if (diversity === 0 || k <= mostDiversified) return;
  throw new MedoidError(
    'invalid-request',
    `k: expected at most ${mostDiversified} with diversity, got ${k}`,
    {
      field: 'k',
    },
  );
}

const nothingEmbedded = { fetch: 0, decode: 0, embed: 0 };

async function prepare(
  question: SearchQuestion,
  space: EmbeddingSpace,
  tools: QueryTools,
): Promise<Prepared> {
  const { modelId } = space;
  if ('cursor' in question) {
    const page = parseSearchCursor(question.cursor, {
      dimensionOf: model => (model === modelId ? space.dimension : undefined),
      options: continuationSchema,
    });
    requireAffordable(page.options);
    return { page, timingsMs: nothingEmbedded };
  }
  const { queries, options } = question;
  requireAffordable(options);
  const { vector, itemIds, timingsMs } = await embedQueries(queries, space, tools);
  const excludedItems = options.includeSelf ? [] : [...itemIds];
  return { page: { query: vector, modelId, offset: 0, options: { ...options, excludedItems } }, timingsMs };
}

/** Within one transaction, so that everything is of one moment. */
function findPage(
  { query, offset, options }: Prepared['page'],
  space: EmbeddingSpace,
  { catalog }: QueryTools,
) {
  const { filter, onePerLabel, excludedItems, ...ranking } = options;
  return catalog.transaction((): { results: Neighbour[]; hasMore: boolean } => {
    space.refresh();
    const similarity = space.similarityScale();
    const { hits, hasMore } = rankHits(space, query, {
      ...ranking,
      offset,
      // The last page may be a short one.
      k: Math.min(ranking.k, Math.max(1, furthestHit - offset)),
      exclude: new Set(excludedItems.flatMap(id => space.vectorIdOf(id) ?? [])),
      allowed: filter === undefined ? undefined : space.vectorIdsOf(compileItemFilter(filter)),
      labelOf: onePerLabel ? space.labelLookup() : undefined,
    });
    const results = hits.map(({ id, distance }) => ({
      item: toItem(catalog.findItemByVector(id) as ItemRow),
      distance,
      similarity: similarity?.(distance) ?? null,
    }));
    return { results, hasMore };
  });
}

const roundMs = (ms: number): number => Math.round(ms * 100) / 100;

/**
 * Answers one search in one space.
 * @throws MedoidError `invalid-vector`, `not-found`, `invalid-request` for a cursor that is none or options that do not
 *   fit, or of an image's own fault
 */
export async function answerQuestion(
  space: EmbeddingSpace,
  question: SearchQuestion,
  tools: QueryTools,
): Promise<SearchAnswer> {
  const { page, timingsMs } = await prepare(question, space, tools);
  const began = performance.now();
  // Beforehand, in turns, what would hold up everything else within the transaction.
  await space.follow();
  const { results, hasMore } = findPage(page, space, tools);
  const next = hasMore ? encodeSearchCursor({ ...page, offset: page.offset + page.options.k }) : null;
  return {
    results,
    next,
    modelId: space.modelId,
    timingsMs: {
      fetch: roundMs(timingsMs.fetch),
      decode: roundMs(timingsMs.decode),
      embed: roundMs(timingsMs.embed),
      search: roundMs(performance.now() - began),
    },
  };
}
