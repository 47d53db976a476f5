import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import hnswlib from 'hnswlib-node';
import { syncPath } from '../../src/durable-file.js';
import type { HnswIndex } from '../../src/vector-index/hnsw.js';

const samples = 1000;
const runs = 5;

interface Cost {
  readonly ms: number;
  /** Longest time that nothing else had its turn. */
  readonly pauseMs: number;
}

async function costOf(work: () => Promise<unknown>): Promise<Cost> {
  const started = performance.now();
  let [last, pauseMs, over] = [started, 0, false];
  const watch = (): void => {
    const now = performance.now();
    pauseMs = Math.max(pauseMs, now - last);
    last = now;
    if (!over) setImmediate(watch);
  };
  setImmediate(watch);
  await work();
  const ms = performance.now() - started;
  over = true;
  watch();
  return { ms, pauseMs };
}

const median = (numbers: readonly number[]): number =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

async function readGraph(path: string, dimension: number): Promise<hnswlib.HierarchicalNSW> {
  const graph = new hnswlib.HierarchicalNSW('l2', dimension);
  await graph.readIndex(path);
  return graph;
}

/** As it was done before: in the only thread, then read into a second graph and a thousand vectors compared. */
async function saveInOnePiece(
  graph: hnswlib.HierarchicalNSW,
  path: string,
  { dimension, ids }: { readonly dimension: number; readonly ids: readonly number[] },
): Promise<void> {
  graph.writeIndexSync(path);
  await syncPath(path);
  const second = await readGraph(path, dimension);
  const step = Math.max(1, Math.floor(ids.length / samples));
  for (const id of ids.filter((_, i) => i % step === 0)) {
    const expected = graph.getPoint(id);
    if (!second.getPoint(id).every((value, d) => value === expected[d]))
      throw new Error(`vector ${id} differs`);
  }
  await pipeline(createReadStream(path), createHash('sha256'));
}

/** The way a graph is saved against the way it was saved before, by turns. */
export async function compareSaves(index: HnswIndex, print: (line: string) => void): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'medoid-churn-'));
  try {
    const path = join(folder, 'now.hnsw');
    await index.save(path, 'bench@1');
    const graph = await readGraph(path, index.dimension);
    const whole = { dimension: index.dimension, ids: [...index.ids()] };
    const costs: { before: Cost; now: Cost }[] = [];
    for (let run = 0; run < runs; run++) {
      const before = await costOf(() => saveInOnePiece(graph, join(folder, 'before.hnsw'), whole));
      costs.push({ before, now: await costOf(() => index.save(path, 'bench@1')) });
    }
    const ms = (way: 'before' | 'now', what: keyof Cost): number =>
      median(costs.map(cost => cost[way][what]));
    const ratio = (what: keyof Cost): string => (ms('now', what) / ms('before', what)).toFixed(2);
    print(
      `save: ${ms('now', 'ms').toFixed(0)} ms, longest pause ${ms('now', 'pauseMs').toFixed(1)} ms; in one piece with a second ` +
        `graph ${ms('before', 'ms').toFixed(0)} ms, ${ms('before', 'pauseMs').toFixed(1)} ms; ratios ${ratio('ms')} and ${ratio('pauseMs')}`,
    );
  } finally {
    await rm(folder, { recursive: true });
  }
}
