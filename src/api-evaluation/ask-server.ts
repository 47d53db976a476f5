import {
  type MedoidClient,
  ProblemError,
  type SearchAnswer,
  type SearchRequest,
} from '../client/medoid-client.js';
import { MedoidError } from '../errors.js';

/** A page of results at most, searches of one batch, and results of all of them together (docs/api.md). */
export const mostResults = 1000;
export const mostSearches = 32;
export const mostResultsOfBatch = 2000;

/** What is asked of one item, and how many results are wanted. */
export interface ServerSearch {
  readonly itemId: number;
  readonly request: Extract<SearchRequest, { readonly query: unknown }>;
  /** Whether these results are enough; asked after each page. */
  readonly isEnough: (results: SearchAnswer['results']) => boolean;
}

export interface AskOptions {
  readonly collection: string;
  /** Every answer is to be of it. */
  readonly modelId: string;
  readonly signal: AbortSignal;
}

function requireModel({ modelId }: SearchAnswer, expected: string): void {
  if (modelId === expected) return;
  throw new MedoidError(
    'conflict',
    `the model changed from ${expected} to ${modelId} while it was measured: measure again`,
  );
}

/** Asks with the cursor until there is enough, or no more. */
async function turnPages(
  first: SearchAnswer,
  { isEnough }: ServerSearch,
  { client, collection, modelId, signal }: AskOptions & { readonly client: MedoidClient },
): Promise<SearchAnswer['results']> {
  let results = first.results;
  let { next } = first;
  requireModel(first, modelId);
  while (next !== null && !isEnough(results)) {
    const page = await client.search(collection, { cursor: next }, { signal });
    requireModel(page, modelId);
    results = results.concat(page.results);
    next = page.next;
  }
  return results;
}

/** One that no batch had room for; nothing where its item has gone. */
async function askAlone(
  { request }: ServerSearch,
  { client, collection, signal }: AskOptions & { readonly client: MedoidClient },
): Promise<SearchAnswer | undefined> {
  try {
    return await client.search(collection, request, { signal });
  } catch (error) {
    if (error instanceof ProblemError && error.code === 'not-found' && error.field === 'itemId')
      return undefined;
    throw error;
  }
}

/**
 * The results of some searches, which are few enough for one batch; nothing for one whose item has gone.
 * @throws MedoidError `conflict` when another model answers; ProblemError
 */
export async function askServer(
  client: MedoidClient,
  searches: readonly ServerSearch[],
  options: AskOptions,
): Promise<(SearchAnswer['results'] | undefined)[]> {
  const requests = searches.map(({ request }) => request);
  const answers = await client.searchBatch(options.collection, requests, { signal: options.signal });
  return Promise.all(
    searches.map(async (search, i) => {
      const answer = answers[i];
      if ('results' in answer) return turnPages(answer, search, { ...options, client });
      if (answer.code === 'not-found') return undefined;
      if (answer.code !== 'payload-too-large') {
        throw new MedoidError('server-unusable', `a search for item ${search.itemId}: ${answer.message}`);
      }
      const alone = await askAlone(search, { ...options, client });
      return alone && turnPages(alone, search, { ...options, client });
    }),
  );
}
