import { setImmediate } from 'node:timers/promises';
import pLimit from 'p-limit';
import { search, searchBatch } from '../../api/operations/search.js';
import type { SearchRequest } from '../../api/schemas/search.js';
import { errorCatalogue, MedoidError } from '../../errors.js';
import type { Collection } from '../../gallery/collection.js';
import type { Query, SearchAnswer, SearchQuestion } from '../../gallery/search-question.js';
import { readImageInJson } from '../image-in-json.js';
import { requireNoParameters } from '../parse-request.js';
import { requestCodes } from '../problem.js';
import { type Call, type Route, route } from '../route.js';
import type { RouteParts } from './index.js';

/** Of one batch: items may have much metadata each, and the answer is made at once. */
const mostResultsOfBatch = 2000;
/** Of one batch: few enough that their pictures find room in the queue. */
const searchedAtOnce = 4;

type Tools = { readonly parts: RouteParts; readonly signal: AbortSignal };
type QueryInJson = Extract<SearchRequest, { readonly query: unknown }>['query'];

const toQuery = (query: QueryInJson, { parts, signal }: Tools): Query => {
  if ('vector' in query) return { vector: Float32Array.from(query.vector) };
  if (!('image' in query)) return query;
  return { image: () => readImageInJson(query.image, { ...parts, signal }), box: query.box };
};

function toQuestion(request: SearchRequest, tools: Tools): SearchQuestion {
  if ('cursor' in request) return { cursor: request.cursor };
  if ('query' in request) {
    const { query, ...options } = request;
    return { queries: [toQuery(query, tools)], options };
  }
  const { queries, ...options } = request;
  return { queries: queries.map(query => toQuery(query, tools)), options };
}

async function ask(
  collection: Collection,
  question: SearchQuestion,
  { parts, signal }: Tools,
): Promise<SearchAnswer> {
  const answer = await collection.search(question, signal);
  parts.metrics?.observeStages(answer.timingsMs);
  return answer;
}

async function answerOne(call: Call<typeof search>, parts: RouteParts): Promise<SearchAnswer> {
  const { params, query, request, signal, readBody } = call;
  const tools = { parts, signal };
  // Before the body, so that a request that is wrong anyway is told so.
  const collection = await parts.gallery.collection(params.name);
  const body = await readBody();
  if (body.kind === 'upload') {
    const { box, ...options } = query;
    const queries = body.files.map(({ bytes }) => ({ image: async () => bytes, box }));
    return ask(collection, { queries, options: { ...options, includeSelf: true } }, tools);
  }
  requireNoParameters(request.query);
  return ask(collection, toQuestion(body.value, tools), tools);
}

/** What of a failed search among several its asker may know. */
function describeFailure(error: unknown) {
  if (
    !(error instanceof MedoidError) ||
    !requestCodes.has(error.code) ||
    errorCatalogue[error.code].status >= 500
  ) {
    throw error;
  }
  const { code, message, field } = error;
  return { code, message, ...(field === undefined ? {} : { field }) };
}

export const createSearchRoutes = (parts: RouteParts): Route[] => [
  route(search, async call => ({ json: await answerOne(call, parts) })),
  route(searchBatch, async ({ params, signal, readJson }) => {
    const collection = await parts.gallery.collection(params.name);
    const tools = { parts, signal };
    const { searches } = await readJson();
    const inTurn = pLimit(searchedAtOnce);
    let results = 0;
    const askNext = async (one: SearchRequest): Promise<SearchAnswer> => {
      if (results >= mostResultsOfBatch) {
        throw new MedoidError(
          'payload-too-large',
          `expected at most ${mostResultsOfBatch} results in one batch, got more: ask for the rest in another`,
        );
      }
      const answer = await ask(collection, toQuestion(one, tools), tools);
      results += answer.results.length;
      return answer;
    };
    const answers = await Promise.all(
      searches.map(one =>
        inTurn(async () => {
          // Between two searches there is time for what others ask.
          await setImmediate();
          signal.throwIfAborted();
          return askNext(one).catch(describeFailure);
        }),
      ),
    );
    return { json: { answers } };
  }),
];
