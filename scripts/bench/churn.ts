import { createRandom } from '../../src/math/random.js';
import { normalise } from '../../src/math/vectors.js';
import { createTurns } from '../../src/take-turns.js';
import { ExactIndex } from '../../src/vector-index/exact.js';
import { HnswIndex } from '../../src/vector-index/hnsw.js';
import type { IndexedVector, VectorIndex } from '../../src/vector-index/vector-index.js';
import type { Benchmark } from './benchmark.js';
import { compareSaves } from './compare-saves.js';

const dimension = 64;
const queryCount = 200;
const k = 10;
const runs = 11;
const shares = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7];
/** How much is replaced, a fortieth of all at a time, and the removed share beyond which the graph is built anew; 1 is never. */
const replacements = [
  ...[0.1, 0.2, 0.3, 1].map(limit => ({ replaced: 0.5, limit })),
  ...[0.3, 0.5, 1].map(limit => ({ replaced: 2, limit })),
];
const batches = 40;
const ofACluster = 100;
/** Length of what is added to a centre of length 1. */
const spread = 0.5;

const kinds = ['uniform', 'clustered'] as const;
type Kind = (typeof kinds)[number];

/** The n-th vector of a kind; those whose number divided by 100 is the same are near each other where it is clustered. */
function createVector(kind: Kind, n: number, name = `${n}`): Float32Array {
  const random = createRandom(`bench/churn/${kind}/${name}`);
  const offset = normalise(Float32Array.from({ length: dimension }, () => random.normal()));
  if (kind === 'uniform') return offset;
  const centre = createVector('uniform', 0, `centre/${Math.floor(n / ofACluster)}`);
  return normalise(centre.map((value, d) => value + spread * offset[d]));
}

const createEntries = (kind: Kind, first: number, count: number): IndexedVector[] =>
  Array.from({ length: count }, (_, i) => ({ id: first + i, vector: createVector(kind, first + i) }));

/** Two indexes of the same vectors, one of them right, and what to ask them. */
interface Twins {
  readonly graph: HnswIndex;
  readonly exact: ExactIndex;
  readonly queries: readonly Float32Array[];
  readonly buildSeconds: number;
}

interface Reference {
  /** Of the same count and kind, with nothing ever removed. */
  readonly fresh: HnswIndex;
  readonly print: (line: string) => void;
}

function createTwins(kind: Kind, count: number): Twins {
  const [graph, exact] = [new HnswIndex(dimension), new ExactIndex(dimension)];
  const entries = createEntries(kind, 0, count);
  exact.add(entries);
  const started = performance.now();
  graph.add(entries);
  const buildSeconds = (performance.now() - started) / 1000;
  const step = Math.floor(count / queryCount);
  const queries = Array.from({ length: queryCount }, (_, i) => createVector(kind, i * step, `query/${i}`));
  return { graph, exact, queries, buildSeconds };
}

const idsOf = (index: VectorIndex, query: Float32Array): number[] =>
  index.search(query, k).map(({ id }) => id);

/** Recall, and the time of a search against that in `fresh`, by turns: others share the machine. */
function describe({ graph, exact, queries }: Twins, fresh: HnswIndex): string {
  let found = 0;
  for (const query of queries) {
    const truth = new Set(idsOf(exact, query));
    found += idsOf(graph, query).filter(id => truth.has(id)).length;
  }
  const searchAll = (index: HnswIndex): number => {
    const started = performance.now();
    for (const query of queries) index.search(query, k);
    return performance.now() - started;
  };
  const ratios = Array.from({ length: runs }, () => searchAll(graph) / searchAll(fresh)).sort(
    (a, b) => a - b,
  );
  const recall = found / (queries.length * k);
  return `recall@${k} ${recall.toFixed(4)}, a search takes ${ratios[Math.floor(runs / 2)].toFixed(2)} of the time`;
}

function removeFrom({ graph, exact }: Twins, ids: readonly number[]): void {
  graph.remove(ids);
  exact.remove(ids);
}

/** What removed vectors do to a graph that is left as it is. */
async function removeMore(kind: Kind, count: number, { fresh, print }: Reference): Promise<void> {
  const twins = createTwins(kind, count);
  const order = createRandom('bench/churn/order').shuffle(Array.from({ length: count }, (_, id) => id));
  print(`nothing removed: ${describe(twins, fresh)}`);
  for (const [i, share] of shares.entries()) {
    removeFrom(twins, order.slice(Math.round((shares[i - 1] ?? 0) * count), Math.round(share * count)));
    print(`${Math.round(100 * share)} % removed: ${describe(twins, fresh)}`);
  }
  const seconds = await buildAnew(twins, 0);
  const ratio = (seconds / twins.buildSeconds).toFixed(2);
  print(`built anew of the rest: ${describe(twins, fresh)}; took ${ratio} of the first build`);
}

async function buildAnew({ graph }: Twins, limit: number): Promise<number> {
  const started = performance.now();
  await graph.compact(createTurns(), limit);
  return (performance.now() - started) / 1000;
}

async function replace(
  kind: Kind,
  count: number,
  { replaced, limit, fresh, print }: Reference & (typeof replacements)[number],
): Promise<void> {
  const twins = createTwins(kind, count);
  const random = createRandom('bench/churn/replace');
  const batch = Math.round(count / batches);
  let [compactions, seconds] = [0, 0];
  for (let step = 0; step < batches * replaced; step++) {
    removeFrom(twins, random.shuffle([...twins.graph.ids()]).slice(0, batch));
    const entries = createEntries(kind, count + step * batch, batch);
    for (const index of [twins.graph, twins.exact]) index.add(entries);
    if (twins.graph.removedShare <= limit) continue;
    seconds += await buildAnew(twins, limit);
    compactions++;
  }
  const rule = limit === 1 ? 'never built anew' : `built anew beyond ${Math.round(100 * limit)} % removed`;
  print(
    `${100 * replaced} % replaced, ${rule}: ${describe(twins, fresh)}; ${compactions} times anew, ` +
      `${(seconds / twins.buildSeconds).toFixed(2)} of the first build in all`,
  );
}

async function measureChurn(count: number, print: (line: string) => void): Promise<void> {
  for (const kind of kinds) {
    const { graph: fresh } = createTwins(kind, count);
    const reference = {
      fresh,
      print: (line: string): void => print(`${count} × ${dimension} ${kind}, ${line}`),
    };
    await removeMore(kind, count, reference);
    for (const replacement of replacements) await replace(kind, count, { ...replacement, ...reference });
    if (kind === 'clustered') await compareSaves(fresh, reference.print);
  }
}

/** What deletes and snapshots cost; a snapshot of more, too. */
export const churn: Benchmark = {
  name: 'churn',
  async run(print) {
    await measureChurn(20_000, print);
    const { graph } = createTwins('clustered', 100_000);
    await compareSaves(graph, line => print(`100000 × ${dimension} clustered, ${line}`));
  },
};

/** All of it of more: the best part of an hour. */
export const churnLarge: Benchmark = { name: 'churn-large', run: print => measureChurn(100_000, print) };
