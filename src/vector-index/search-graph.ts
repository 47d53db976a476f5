import type { NativeGraph } from './native-graph.js';
import type { Hit } from './vector-index.js';

/** So many that are all equally far are suspicious; then several times as many are looked at, up to a limit. */
const leastAsked = 16;
const wider = 4;
const mostAsked = 4096;

/** What is at no distance hides nothing nearer. @param hits nearest first, some */
const areEquallyFar = (hits: readonly Hit[]): boolean =>
  hits[0].distance > 0 && hits[0].distance === hits[hits.length - 1].distance;

/**
 * The `k` nearest in the graph, or all there are. Many equal vectors fill all that a search keeps in mind, and hide what
 * is nearer beyond them: then it looks farther.
 * @param options.gone ids in the graph that are not to be found
 * @returns nothing when the graph does not reach as many as there are
 */
export function searchGraph(
  graph: NativeGraph,
  query: Float32Array,
  { k, gone }: { readonly k: number; readonly gone: ReadonlySet<number> },
): Hit[] | undefined {
  const wanted = Math.min(k, graph.searchable - gone.size);
  if (wanted === 0) return [];
  let asked = Math.min(Math.max(wanted, leastAsked), graph.searchable);
  for (;;) {
    const hits = graph.search(query, asked);
    if (hits.length < asked) return undefined;
    const left = gone.size === 0 ? hits : hits.filter(({ id }) => !gone.has(id));
    const mayHide = asked < mostAsked && asked < graph.searchable && areEquallyFar(hits);
    if (left.length >= wanted && !mayHide) return left.slice(0, wanted);
    asked = Math.min(wider * asked, graph.searchable);
  }
}
