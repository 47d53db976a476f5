import type { ItemFilter, MedoidClient, SearchAnswer } from '../client/medoid-client.js';
import { workAhead } from '../work-ahead.js';
import {
  type AskOptions,
  askServer,
  mostResults,
  mostResultsOfBatch,
  mostSearches,
  type ServerSearch,
} from './ask-server.js';
import type { LabelledItems } from './labelled-items.js';

const batchesAtOnce = 4;

export interface FoundItem {
  /** Of the labelled items. */
  readonly row: number;
  readonly distance: number;
}

/** What a server says of one item. */
export interface ItemNeighbours {
  readonly row: number;
  /** By comparison with each: the largest K or R, and those as near as the last of these. */
  readonly exact: readonly FoundItem[];
  /** As searches that are not exact find them, for the largest K. */
  readonly nearest: readonly FoundItem[];
  /** And for R, where that is larger. */
  readonly widest: readonly FoundItem[];
}

export interface NeighbourSearch extends AskOptions {
  readonly filter?: ItemFilter | undefined;
  readonly largestK: number;
  /** Others of the label. */
  readonly relevantTo: (row: number) => number;
}

type Results = SearchAnswer['results'];

/** Whether what follows the first `count` is farther away than they are. */
const areWhole = (results: Results, count: number): boolean =>
  results.length > count && results[results.length - 1].distance > results[count - 1].distance;

const isLabelled: ItemFilter = { field: 'label', exists: true };

/** What is asked of one row: exactly, through the index for the largest K, and for R where that is larger. */
function searchesFor(row: number, items: LabelledItems, search: NeighbourSearch): ServerSearch[] {
  const { filter, largestK, relevantTo } = search;
  const { ids, rowOf, searched } = items;
  const itemId = ids[row];
  const relevant = relevantTo(row);
  const most = Math.max(largestK, relevant);
  const isWhole = filter === undefined && searched === ids.length;
  const among = filter === undefined ? isLabelled : { and: [isLabelled, filter] };
  const exact = {
    query: { itemId },
    k: Math.min(mostResults, most + 1),
    exact: true,
    ...(isWhole ? {} : { filter: among }),
  };
  // Those without a label are found, too, and passed over.
  const through = (count: number): ServerSearch => ({
    itemId,
    request: {
      query: { itemId },
      k: Math.min(mostResults, Math.ceil((count * searched) / ids.length)),
      ...(filter && { filter }),
    },
    isEnough: results => results.filter(({ item }) => rowOf.has(item.id)).length >= count,
  });
  return [
    { itemId, request: exact, isEnough: results => areWhole(results, most) },
    through(largestK),
    ...(relevant > largestK ? [through(relevant)] : []),
  ];
}

interface RowSearches {
  readonly row: number;
  readonly searches: readonly ServerSearch[];
}

const resultsOf = (searches: readonly ServerSearch[]): number =>
  searches.reduce((sum, { request }) => sum + (request.k ?? 0), 0);

/** As many rows together as one batch answers. */
function packBatches(rows: readonly number[], searchesOf: (row: number) => ServerSearch[]): number[][] {
  const batches: number[][] = [];
  let [searches, results] = [mostSearches, 0];
  for (const row of rows) {
    const own = searchesOf(row);
    searches += own.length;
    results += resultsOf(own);
    if (searches > mostSearches || results > mostResultsOfBatch) {
      batches.push([]);
      [searches, results] = [own.length, resultsOf(own)];
    }
    batches[batches.length - 1].push(row);
  }
  return batches;
}

/**
 * What a server finds of each of the rows, in their order, some batches at once.
 * @param search.onRow nothing is found of an item that has gone
 */
export async function* askForNeighbours(
  client: MedoidClient,
  { items, rows }: { readonly items: LabelledItems; readonly rows: readonly number[] },
  search: NeighbourSearch,
): AsyncGenerator<ItemNeighbours | { readonly row: number; readonly exact: undefined }> {
  const searchesOf = (row: number): ServerSearch[] => searchesFor(row, items, search);
  const toFound = (own: number, results: Results): FoundItem[] =>
    results.flatMap(({ item, distance }) => {
      const row = items.rowOf.get(item.id);
      return row === undefined || row === own ? [] : [{ row, distance }];
    });
  const ask = async (batch: readonly number[]) => {
    const asked: RowSearches[] = batch.map(row => ({ row, searches: searchesOf(row) }));
    const answers = await askServer(
      client,
      asked.flatMap(({ searches }) => searches),
      search,
    );
    return asked.map(({ row, searches }) => {
      const own = answers.splice(0, searches.length);
      if (own.some(results => results === undefined)) return { row, exact: undefined };
      const [exact, nearest, widest = nearest] = own.map(results => toFound(row, results as Results));
      // Equally near ones in the order of the rows, which is not that of the ids.
      exact.sort((a, b) => a.distance - b.distance || a.row - b.row);
      const most = Math.max(search.largestK, search.relevantTo(row));
      return { row, exact, nearest: nearest.slice(0, search.largestK), widest: widest.slice(0, most) };
    });
  };
  for await (const [, answers] of workAhead(packBatches(rows, searchesOf), ask, { ahead: batchesAtOnce })) {
    yield* answers;
  }
}
