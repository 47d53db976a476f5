import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { leastCapacity, NativeGraph } from '../../src/vector-index/native-graph.js';
import { createUnitVectors } from '../fixtures/unit-vectors.js';

const dimension = 8;
const entries = createUnitVectors(leastCapacity, dimension);

function createGraph(): NativeGraph {
  const graph = NativeGraph.create(dimension);
  for (const { id, vector } of entries) graph.add(id, vector);
  return graph;
}

it('a graph refuses to be changed while it is written, and may be searched', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'medoid-native-graph-'));
  try {
    const graph = createGraph();
    const [{ vector }] = entries;
    const writing = graph.write(join(folder, '1.hnsw'));
    const refusal = /while it is written/;
    expect(() => graph.add(5000, vector)).toThrow(refusal);
    expect(() => graph.remove(1)).toThrow(refusal);
    expect(() => graph.reserve(leastCapacity + 1)).toThrow(refusal);
    await expect(graph.write(join(folder, '2.hnsw'))).rejects.toThrow(refusal);
    expect(graph.search(vector, 1)).toEqual([{ id: 1, distance: 0 }]);
    await writing;
    graph.reserve(leastCapacity + 1);
    graph.add(5000, vector);
    graph.remove(1);
    expect(graph.search(vector, 1)).toEqual([{ id: 5000, distance: 0 }]);
    expect([graph.count, graph.searchable]).toEqual([leastCapacity + 1, leastCapacity]);
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('a graph gives back places that are mostly empty, and keeps what it holds', () => {
  const graph = createGraph();
  graph.reserve(100 * leastCapacity);
  graph.trim();
  const [{ vector }] = entries;
  expect(() => graph.add(5000, vector)).toThrow(/exceeds the specified limit/);
  expect(graph.search(vector, 1)).toEqual([{ id: 1, distance: 0 }]);
});

it('a graph that cannot be read is never handed out', async () => {
  const held = { placed: createGraph().placed, removed: createGraph().removed };
  await expect(NativeGraph.read(join(tmpdir(), 'missing.hnsw'), dimension, held)).rejects.toThrow(
    expect.objectContaining({ code: 'invalid-index' }),
  );
});

it('the library is never handed a filter, which ends the process when it throws', () => {
  const source = readFileSync(new URL('../../src/vector-index/native-graph.ts', import.meta.url), 'utf8');
  expect(source.match(/searchKnn\([^)]*\)[^)]*\)/g)).toEqual(['searchKnn(Array.from(query), k)']);
});
