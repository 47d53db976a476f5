import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { GraphCache } from '../../src/gallery/graph-cache.js';
import { ExactIndex } from '../../src/vector-index/exact.js';
import { createUnitVectors } from '../fixtures/unit-vectors.js';

describe('a graph that is built', () => {
  it('lacks nothing that was added or removed meanwhile, in whatever step of it', async () => {
    const dimension = 4;
    const [first, added, ...rest] = createUnitVectors(12, dimension);
    for (let step = 0; step < 60; step++) {
      const vectors = new ExactIndex(dimension);
      vectors.add([first, ...rest]);
      const cache = new GraphCache({
        vectors,
        modelId: 'm@1',
        lastVectorId: 12,
        path: join(tmpdir(), 'medoid-no-such-folder', '1.hnsw'),
        access: 'read',
        snapshotAfter: 1000,
        notify: vi.fn(),
      });
      await cache.rebuiltBecause;
      for (let i = 0; i < step; i++) await undefined;
      const change = { add: [added], remove: [first.id] };
      vectors.add(change.add);
      vectors.remove(change.remove);
      cache.apply(change);
      await cache.ready;
      const ids = [...(cache.graph?.ids() ?? [])].sort();
      expect(ids, `changed in step ${step}`).toEqual([...vectors.ids()].sort());
      await cache.close();
    }
  });
});
