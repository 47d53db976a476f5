import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diversifyHits } from '../../src/gallery/diversify-hits.js';
import type { SearchedVectors } from '../../src/gallery/find-hits.js';
import { furthestHit, type RankOptions, rankHits } from '../../src/gallery/rank-hits.js';
import { createRandom } from '../../src/math/random.js';
import { ExactIndex } from '../../src/vector-index/exact.js';
import { HnswIndex } from '../../src/vector-index/hnsw.js';
import type { IndexedVector, VectorIndex } from '../../src/vector-index/vector-index.js';
import { createUnitVectors } from '../fixtures/unit-vectors.js';
import { naiveRanking } from '../oracles/naive-ranking.js';

const dimension = 4;

const fill = <Index extends VectorIndex>(index: Index, entries: readonly IndexedVector[]): Index => {
  index.add(entries);
  return index;
};

/** Random vectors, about a third of them equal to another, by ids in no order. */
function createEntries(seed: number, count: number): IndexedVector[] {
  const random = createRandom(`entries/${seed}`);
  const different = createUnitVectors(Math.ceil((count * 2) / 3), dimension, { seed });
  const ids = random.shuffle(Array.from({ length: count }, (_, i) => 3 * i + 1));
  return ids.map((id, i) => ({
    id,
    vector: different[i < different.length ? i : random.integer(different.length)].vector,
  }));
}

/** A search that means little, with every option given or not. */
function createOptions(seed: number, entries: readonly IndexedVector[]): RankOptions {
  const random = createRandom(`options/${seed}`);
  const some = (share: number) =>
    new Set([...entries.map(({ id }) => id).filter(() => random.next() < share), 999_999]);
  const maybe = <T>(value: T): T | undefined => (random.next() < 0.5 ? value : undefined);
  const [unlabelled, labelCount] = [random.next() / 5, 1 + random.integer(9)];
  const labels = new Map(
    entries.map(({ id }) => [id, random.next() < unlabelled ? null : `l${random.integer(labelCount)}`]),
  );
  return {
    k: 1 + random.integer(random.next() < 0.5 ? 8 : 2 * entries.length),
    offset: maybe(random.integer(entries.length)),
    maxDistance: maybe(1 + random.next()),
    allowed: maybe(some(random.next())),
    exclude: maybe(some(0.1)),
    labelOf: maybe((id: number) => labels.get(id) ?? null),
    diversity: maybe(random.next()),
  };
}

const refuse = {
  value: () => {
    throw new Error('nobody was to compare with every vector');
  },
};

describe('ranked hits', () => {
  it('are those that sorting everything gives: exact, without a graph or, of so few, through one', () => {
    const sizes = fc.integer({ min: 1, max: 140 });
    const property = fc.property(fc.nat(), sizes, (seed, size) => {
      const entries = createEntries(seed, size);
      const [exact, graph] = [new ExactIndex(dimension), new HnswIndex(dimension)].map(index =>
        fill<VectorIndex>(index, entries),
      );
      const vectors = { exact: exact as ExactIndex };
      const [{ vector: query }] = createUnitVectors(1, dimension, { seed: `query/${seed}` });
      const options = createOptions(seed, entries);
      const expected = naiveRanking(entries, query, options);
      const ways = [
        rankHits(vectors, query, options),
        rankHits({ ...vectors, graph }, query, options),
        rankHits({ ...vectors, graph }, query, { ...options, exact: true }),
      ];
      for (const { hits, hasMore } of ways) {
        expect({ ids: hits.map(({ id }) => id), hasMore }).toEqual(expected);
      }
    });
    fc.assert(property, { seed: 1, numRuns: 400 });
  });

  const many = createUnitVectors(25_000, dimension, { seed: 'many' });
  const manyExact = fill(new ExactIndex(dimension), many);
  const unused: ExactIndex = Object.create(manyExact, {
    search: refuse,
    searchAmong: refuse,
    visitDistances: refuse,
  });
  const [{ vector: query }] = createUnitVectors(1, dimension, { seed: 'query' });
  /** The graph's place is taken by an index that misses nothing and counts what it is asked for. */
  function countAsked() {
    const asked: number[] = [];
    const graph: VectorIndex = Object.create(manyExact, {
      search: {
        value: (vector: Float32Array, k: number) => {
          asked.push(k);
          return manyExact.search(vector, k);
        },
      },
    });
    return { asked, graph };
  }
  const idsOf = (vectors: SearchedVectors, options: RankOptions): number[] =>
    rankHits(vectors, query, options).hits.map(({ id }) => id);

  it('among many allowed come from the graph, which is asked for twice as many until the page is full', () => {
    // Of the 200 nearest none is allowed.
    const nearest = new Set(manyExact.search(query, 200).map(({ id }) => id));
    const allowed = new Set(many.map(({ id }) => id).filter(id => !nearest.has(id)));
    const { asked, graph } = countAsked();
    const options = { k: 5, allowed };
    expect(idsOf({ graph, exact: unused }, options)).toEqual(naiveRanking(many, query, options).ids);
    expect(asked).toEqual([7, 14, 28, 56, 112, 224]);
  });

  it('among allowed ones that all are far away come from a comparison with each', () => {
    const near = new Set(manyExact.search(query, 4000).map(({ id }) => id));
    const allowed = new Set(many.map(({ id }) => id).filter(id => !near.has(id)));
    const { asked, graph } = countAsked();
    const options = { k: 5, allowed };
    const ids = idsOf({ graph, exact: manyExact }, options);
    expect(ids).toEqual(naiveRanking(many, query, options).ids);
    expect(Math.max(...asked)).toBeLessThan(1000);
  });

  it('among few allowed come from a comparison with each, among none from nowhere', () => {
    const { asked, graph } = countAsked();
    for (const allowed of [[17, 20_000, 4, 12], many.slice(0, 20_000).map(({ id }) => id)]) {
      const options = { k: 3, allowed: new Set(allowed) };
      const ids = idsOf({ graph, exact: manyExact }, options);
      expect(ids).toEqual(naiveRanking(many, query, options).ids);
    }
    expect(rankHits({ graph, exact: unused }, query, { k: 3, allowed: new Set() })).toEqual({
      hits: [],
      hasMore: false,
    });
    expect(asked).toEqual([]);
  });

  it('of one label that has nearly all items are found all the same', () => {
    const { asked, graph } = countAsked();
    const farthest = manyExact.search(query, many.length).slice(-2);
    const rare = new Map(farthest.map(({ id }, i) => [id, `rare ${i}`]));
    const options = { k: 3, labelOf: (id: number) => rare.get(id) ?? 'usual' };
    const ids = idsOf({ graph, exact: manyExact }, options);
    expect(ids).toEqual([manyExact.search(query, 1)[0].id, farthest[0].id, farthest[1].id]);
    expect(Math.max(...asked)).toBeLessThan(1000);
  });

  it('end at the greatest distance without asking for more', () => {
    const { asked, graph } = countAsked();
    const [, second, third] = manyExact.search(query, 3);
    const maxDistance = (second.distance + third.distance) / 2;
    const options = { k: 100, maxDistance, labelOf: () => 'usual' };
    expect(rankHits({ graph, exact: unused }, query, options).hasMore).toBe(false);
    expect(asked).toHaveLength(1);
  });

  it.each([0, 0.4])('come page by page as they come at once, with diversity %s', diversity => {
    const vectors = { graph: manyExact, exact: manyExact };
    const options = { k: 30, exact: true, diversity };
    const pages = Array.from({ length: 12 }, (_, i) =>
      rankHits(vectors, query, { ...options, offset: 30 * i }),
    );
    const ids = pages.flatMap(({ hits }) => hits.map(({ id }) => id));
    const plain = manyExact.search(query, 360).map(({ id }) => id);
    expect(ids.every((id, i) => id === plain[i])).toBe(diversity === 0);
    // Diversity chooses among four pages' worth of hits at a time.
    for (const start of [0, 120, 240]) {
      const [pool, plainPool] = [ids, plain].map(all => new Set(all.slice(start, start + 120)));
      expect(pool).toEqual(plainPool);
    }
    expect(pages.every(({ hasMore }) => hasMore)).toBe(true);
  });

  it('end at the ten-thousandth, where no more may be asked for', () => {
    const vectors = { graph: manyExact, exact: unused };
    const { hits, hasMore } = rankHits(vectors, query, { k: 10, offset: furthestHit - 10 });
    expect([hits.length, hasMore]).toEqual([10, false]);
    expect(rankHits(vectors, query, { k: 10, offset: furthestHit - 11 }).hasMore).toBe(true);
  });

  const refused: [RankOptions, string][] = [
    [{ k: 0 }, 'k'],
    [{ k: 1.5 }, 'k'],
    [{ k: Number.NaN }, 'k'],
    [{ k: 1, offset: -1 }, 'offset'],
    [{ k: 10, offset: 9991 }, 'offset'],
    [{ k: 1, maxDistance: -0.1 }, 'maxDistance'],
    [{ k: 1, maxDistance: Number.NaN }, 'maxDistance'],
    [{ k: 1, diversity: 1.01 }, 'diversity'],
    [{ k: 1, diversity: -0.01 }, 'diversity'],
  ];
  it.each(refused)('refuse %j', (options, field) => {
    const vectors = { graph: manyExact, exact: unused };
    expect(() => rankHits(vectors, query, options)).toThrow(
      expect.objectContaining({ code: 'invalid-request', field }),
    );
  });
});

describe('diversified hits', () => {
  const angle = (degrees: number): Float32Array =>
    Float32Array.of(Math.cos((degrees * Math.PI) / 180), Math.sin((degrees * Math.PI) / 180));
  /** Degrees from the query, by id. */
  const angles = [10, 12, -20, 60];
  const hits = angles.map((degrees, id) => ({
    id,
    distance: 2 * Math.sin((Math.abs(degrees) * Math.PI) / 360),
  }));
  const diversify = (diversity: number, count = 4): number[] =>
    diversifyHits(hits, { count, diversity, vectorOf: id => angle(angles[id]) }).map(({ id }) => id);

  it('have the order worked out by hand', () => {
    // After 10°: 12° scores (cos 12° − cos 2°) / 2 = −0.011, −20° (cos 20° − cos 30°) / 2 = 0.037,
    // 60° (cos 60° − cos 50°) / 2 = −0.071. After −20°: 12° −0.011, 60° (cos 60° − cos 50°) / 2 = −0.071.
    expect(diversify(0.5)).toEqual([0, 2, 1, 3]);
    // After 10°: 12° 0.2 · 0.978 − 0.8 · 0.999 = −0.604, −20° 0.188 − 0.693 = −0.505, 60° 0.1 − 0.514 = −0.414.
    // After 60°: 12° −0.604, −20° −0.505.
    expect(diversify(0.8)).toEqual([0, 3, 2, 1]);
  });

  it('stay as they are without diversity, and begin with the nearest whatever it is', () => {
    expect(diversify(0)).toEqual([0, 1, 2, 3]);
    expect(diversify(1)[0]).toBe(0);
    expect(diversify(0.5, 2)).toEqual([0, 2]);
    expect(diversify(0.5, 9)).toHaveLength(4);
  });

  it('that are all the same keep their order', () => {
    const same = [3, 5, 8].map(id => ({ id, distance: 0.5 }));
    const options = { count: 3, diversity: 0.7, vectorOf: () => angle(0) };
    expect(diversifyHits(same, options)).toEqual(same);
  });
});
