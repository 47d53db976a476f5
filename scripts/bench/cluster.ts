import { facilityLocation } from '../../src/cluster/facility-location.js';
import { graphFacilityLocation } from '../../src/cluster/graph-facility-location.js';
import { kMeans } from '../../src/cluster/k-means.js';
import type { NeighbourTable } from '../../src/cluster/neighbour-lists.js';
import { PointDistances } from '../../src/cluster/point-distances.js';
import { createRandom } from '../../src/math/random.js';
import { normalise, rowOf, squaredDistance, stackVectors, type VectorBlock } from '../../src/math/vectors.js';
import { HnswIndex } from '../../src/vector-index/hnsw.js';
import { naiveGreedy, naiveSwaps } from '../../test/oracles/naive-medoids.js';
import type { Benchmark } from './benchmark.js';

const dimension = 64;
const ofACluster = 100;
const width = 16;
/** Lengths of what is added to a centre of length 1: groups stand apart, or run into each other. */
const spreads = [0.9, 1.8] as const;
const comparedWithNaive = 1000;

const counts = [1000, 10_000, 100_000] as const;
const mostDense = 10_000;

function createBlock(count: number, spread: number): VectorBlock {
  const random = createRandom(`bench/cluster/${count}/${spread}`);
  const direction = (): Float32Array =>
    normalise(Float32Array.from({ length: dimension }, () => random.normal()));
  const centres = Array.from({ length: Math.ceil(count / ofACluster) }, direction);
  const rows = Array.from({ length: count }, () => {
    const centre = centres[random.integer(centres.length)];
    const offset = direction();
    return normalise(centre.map((value, d) => value + spread * offset[d]));
  });
  return stackVectors(rows, dimension);
}

interface Timed<Result> {
  readonly result: Result;
  readonly seconds: number;
}

async function time<Result>(work: () => Result | Promise<Result>): Promise<Timed<Result>> {
  const started = performance.now();
  const result = await work();
  return { result, seconds: (performance.now() - started) / 1000 };
}

/** Sum of distances of the points to those that stand for them. */
const sumDistances = (block: VectorBlock, standsFor: (i: number) => number): number =>
  Array.from({ length: block.count }, (_, i) => i).reduce(
    (sum, i) => sum + Math.sqrt(squaredDistance(rowOf(block, i), rowOf(block, standsFor(i)))),
    0,
  );

type Found = Awaited<ReturnType<typeof facilityLocation>>;
const energyOf = (block: VectorBlock, { assignment, medoids }: Found): number =>
  sumDistances(block, i => medoids[assignment[i]]);

function buildIndex(block: VectorBlock): HnswIndex {
  const index = new HnswIndex(dimension);
  for (let id = 0; id < block.count; id++) index.add([{ id, vector: rowOf(block, id) }]);
  return index;
}

function findNeighbours(index: HnswIndex, block: VectorBlock): NeighbourTable {
  const neighbours = new Int32Array(block.count * width).fill(-1);
  for (let i = 0; i < block.count; i++) {
    const ids = index.search(rowOf(block, i), width + 1).map(({ id }) => id);
    neighbours.set(ids.filter(id => id !== i).slice(0, width), i * width);
  }
  return { neighbours, width };
}

/** The energy that k-means is given: of the member nearest to each mean. */
async function kMeansEnergy(block: VectorBlock, clusters: number): Promise<number> {
  const { assignment } = await kMeans(block, { clusters, seed: 0, starts: 1 });
  const means = new Float64Array(clusters * dimension);
  for (let i = 0; i < block.count; i++) {
    for (let d = 0; d < dimension; d++) means[assignment[i] * dimension + d] += block.data[i * dimension + d];
  }
  const sizes = new Int32Array(clusters);
  for (const cluster of assignment) sizes[cluster]++;
  const middles = new Int32Array(clusters).fill(-1);
  const least = new Float64Array(clusters).fill(Number.POSITIVE_INFINITY);
  for (let i = 0; i < block.count; i++) {
    const c = assignment[i];
    const mean = means.subarray(c * dimension, (c + 1) * dimension).map(value => value / sizes[c]);
    const squared = squaredDistance(rowOf(block, i), mean);
    if (squared < least[c]) [least[c], middles[c]] = [squared, i];
  }
  return sumDistances(block, i => middles[assignment[i]]);
}

async function compareWithNaive(print: (line: string) => void): Promise<void> {
  const block = createBlock(comparedWithNaive, 1.8);
  const clusters = comparedWithNaive / 50;
  const quick = await time(() => facilityLocation(block, { clusters }));
  const points = new PointDistances(block);
  const naive = await time(() => {
    const all = Array.from({ length: block.count ** 2 }, (_, at) =>
      points.measure(Math.floor(at / block.count), at % block.count),
    );
    const matrix = { distances: Float64Array.from(all), count: block.count };
    return naiveSwaps(matrix, naiveGreedy(matrix, clusters));
  });
  const isSame = naive.result.every((medoid, position) => medoid === quick.result.medoids[position]);
  print(
    `${block.count} into ${clusters}: ${quick.seconds.toFixed(2)} s, every sum counted from nothing ` +
      `${(naive.seconds / quick.seconds).toFixed(0)} times as long, ${isSame ? 'the same' : 'OTHER'} medoids`,
  );
}

async function measure(count: number, spread: number, print: (line: string) => void): Promise<void> {
  const block = createBlock(count, spread);
  const clusters = count / ofACluster;
  const say = (line: string): void =>
    print(`${count} × ${dimension} into ${clusters}, spread ${spread}, ${line}`);
  const built = await time(() => buildIndex(block));
  const table = await time(() => findNeighbours(built.result, block));
  say(`HNSW index ${built.seconds.toFixed(1)} s, ${width} neighbours of each ${table.seconds.toFixed(1)} s`);
  const graph = await time(() => graphFacilityLocation(block, { clusters, table: table.result }));
  const energy = energyOf(block, graph.result);
  const resident = Math.round(process.resourceUsage().maxRSS / 1024);
  say(
    `on the graph: energy ${energy.toFixed(1)}, ${graph.seconds.toFixed(1)} s, ${resident} MiB at most so far`,
  );
  if (count > mostDense) return;
  const dense = await time(() => facilityLocation(block, { clusters }));
  const ratio = energy / energyOf(block, dense.result);
  say(`all pairs: energy of the graph is ${ratio.toFixed(4)} of it, ${dense.seconds.toFixed(1)} s`);
  const means = await time(() => kMeansEnergy(block, clusters));
  say(
    `k-means, one start, then the member nearest to each mean: energy of the graph is ` +
      `${(energy / means.result).toFixed(4)} of it, ${means.seconds.toFixed(1)} s`,
  );
}

/** Facility location by all pairs and on the graph: time, memory, and how good. */
export const cluster: Benchmark = {
  name: 'cluster',
  async run(print) {
    await compareWithNaive(print);
    for (const count of counts) for (const spread of spreads) await measure(count, spread, print);
  },
};
