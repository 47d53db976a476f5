import { createRandom } from '../../src/math/random.js';
import { normalise } from '../../src/math/vectors.js';
import { createTurns } from '../../src/take-turns.js';
import { ExactIndex } from '../../src/vector-index/exact.js';
import { HnswIndex } from '../../src/vector-index/hnsw.js';
import type { IndexedVector, VectorIndex } from '../../src/vector-index/vector-index.js';
import { type Benchmark, medianMs } from './benchmark.js';
import { compareSaves } from './compare-saves.js';

const dimension = 64;
const queryCount = 200;
const k = 10;
const runs = 5;
const shares = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7];
/** Removed share at which the graph is built anew while half of the vectors are replaced; 1 is never. */
const limits = [0.1, 0.2, 0.3, 0.4, 1];
const steps = 20;
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
}

async function createTwins(kind: Kind, count: number): Promise<Twins & { readonly buildSeconds: number }> {
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

interface Quality {
  readonly recall: number;
  /** Of one search. */
  readonly ms: number;
}

function measure({ graph, exact, queries }: Twins): Quality {
  const idsOf = (index: VectorIndex, query: Float32Array): number[] =>
    index.search(query, k).map(({ id }) => id);
  let found = 0;
  for (const query of queries) {
    const truth = new Set(idsOf(exact, query));
    found += idsOf(graph, query).filter(id => truth.has(id)).length;
  }
  const searchAll = (): void => queries.forEach(query => void graph.search(query, k));
  return { recall: found / (queries.length * k), ms: medianMs(runs, searchAll) / queries.length };
}

const describe = ({ recall, ms }: Quality, before: Quality): string =>
  `recall@${k} ${recall.toFixed(4)}, search ${(ms / before.ms).toFixed(2)} of the time before`;

function removeFrom({ graph, exact }: Twins, ids: readonly number[]): void {
  graph.remove(ids);
  exact.remove(ids);
}

/** What removed vectors do to a graph that is left as it is. */
async function removeMore(kind: Kind, count: number, print: (line: string) => void): Promise<void> {
  const twins = await createTwins(kind, count);
  const before = measure(twins);
  const order = createRandom('bench/churn/order').shuffle(Array.from({ length: count }, (_, id) => id));
  print(`nothing removed: ${describe(before, before)}, built in ${twins.buildSeconds.toFixed(1)} s`);
  for (const [i, share] of shares.entries()) {
    removeFrom(twins, order.slice(Math.round((shares[i - 1] ?? 0) * count), Math.round(share * count)));
    print(`${Math.round(100 * share)} % removed: ${describe(measure(twins), before)}`);
  }
  const started = performance.now();
  await twins.graph.compact(createTurns(), 0);
  const seconds = (performance.now() - started) / 1000;
  print(
    `built anew of the rest: ${describe(measure(twins), before)}; took ${(seconds / twins.buildSeconds).toFixed(2)} of the first build`,
  );
}

/** Replaces half of the vectors, a fortieth of all at a time. */
async function replaceHalf(
  kind: Kind,
  count: number,
  { limit, print }: { readonly limit: number; readonly print: (line: string) => void },
): Promise<void> {
  const twins = await createTwins(kind, count);
  const before = measure(twins);
  const random = createRandom('bench/churn/replace');
  const batch = Math.round(count / 2 / steps);
  let [compactions, seconds] = [0, 0];
  for (let step = 0; step < steps; step++) {
    removeFrom(twins, random.shuffle([...twins.graph.ids()].filter(id => id < count)).slice(0, batch));
    const entries = createEntries(kind, count + step * batch, batch);
    for (const index of [twins.graph, twins.exact]) index.add(entries);
    if (twins.graph.removedShare <= limit) continue;
    const started = performance.now();
    await twins.graph.compact(createTurns(), limit);
    seconds += (performance.now() - started) / 1000;
    compactions++;
  }
  const rule = limit === 1 ? 'never built anew' : `built anew beyond ${Math.round(100 * limit)} % removed`;
  print(
    `half replaced, ${rule}: recall@${k} before ${before.recall.toFixed(4)}; ${describe(measure(twins), before)}; ` +
      `${compactions} times anew, ${(seconds / twins.buildSeconds).toFixed(2)} of the first build in all`,
  );
}

async function measureChurn(count: number, print: (line: string) => void): Promise<void> {
  for (const kind of kinds) {
    const about = (line: string): void => print(`${count} × ${dimension} ${kind}, ${line}`);
    await removeMore(kind, count, about);
    for (const limit of limits) await replaceHalf(kind, count, { limit, print: about });
  }
  const { graph } = await createTwins('clustered', count);
  await compareSaves(graph, line => print(`${count} × ${dimension}, ${line}`));
}

/** What deletes and snapshots cost. */
export const churn: Benchmark = { name: 'churn', run: print => measureChurn(20_000, print) };

/** The same of more: some twenty minutes. */
export const churnLarge: Benchmark = { name: 'churn-large', run: print => measureChurn(100_000, print) };
