import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { evaluateServer } from '../../src/api-evaluation/evaluate-server.js';
import { Catalog } from '../../src/catalog/catalog.js';
import { MedoidClient } from '../../src/client/medoid-client.js';
import { evaluateEmbeddings } from '../../src/evaluation/evaluate-embeddings.js';
import { Gallery } from '../../src/gallery/gallery.js';
import { createLog } from '../../src/log.js';
import { createRandom } from '../../src/math/random.js';
import { normalise, stackVectors } from '../../src/math/vectors.js';
import { createApp } from '../../src/server/app.js';
import { type RunningServer, startServer } from '../../src/server/start-server.js';
import { checkAnswers } from '../fixtures/check-answers.js';
import { createFilledGallery, type FilledGallery } from '../fixtures/filled-gallery.js';

const { signal } = new AbortController();
const count = 1200;
/** Few share their label with another; all others are there to be found. */
const labelOf = (i: number): string =>
  i % 100 < 2 ? `pair-${i % 100}-${Math.floor(i / 600)}` : `single-${i}`;

describe('a server that is evaluated through its interface', () => {
  let filled: FilledGallery;
  let gallery: Gallery;
  let server: RunningServer;
  let answers: ReturnType<typeof checkAnswers>;
  const random = createRandom('evaluate-server');
  const vectors = Array.from({ length: count }, (_, i) =>
    // Of few directions, so that many are equally near.
    normalise(
      Float32Array.from({ length: 16 }, (_, d) => (d < 3 ? Math.round(random.normal() * 2) || 1 : i % 2)),
    ),
  );

  beforeAll(async () => {
    filled = await createFilledGallery({ count: 0 });
    const catalog = Catalog.open(join(filled.directory, 'catalog.sqlite'), { access: 'write' });
    catalog.transaction(() => {
      for (const [i, embedding] of vectors.entries()) {
        const picture = {
          imageSha256: i.toString(16).padStart(64, '0'),
          format: 'png',
          width: 1,
          height: 1,
          bytes: 1,
        };
        const item = { label: labelOf(i), metadata: { number: i }, ...picture, embedding };
        catalog.addItem(1, `item-${i}`, item);
      }
    });
    catalog.close();
    gallery = await Gallery.open(filled.directory, { access: 'write', threads: 1, runJobs: true });
    const app = createApp({ gallery, log: createLog('silent'), webDirectory: filled.folder });
    answers = checkAnswers(app);
    server = await startServer(answers.listener, { host: '127.0.0.1', port: 0 });
  });
  afterAll(async () => {
    await server.close({ deadlineMs: 1000 });
    await gallery.close();
    await filled.remove();
    expect(answers.mismatches).toEqual([]);
  });

  it('is asked page after page, in batches that it answers, and measured as the vectors themselves', async () => {
    const batches: { k: number }[][] = [];
    let pages = 0;
    const client = new MedoidClient({
      baseUrl: server.url,
      fetch: (url, init) => {
        const { searches, cursor } = JSON.parse(String(init?.body ?? '{}'));
        if (searches !== undefined) batches.push(searches);
        if (cursor !== undefined) pages++;
        return fetch(url, init);
      },
    });
    const progress: [string, number, number][] = [];
    const ks = [1, 8, 1100];
    const asked = { collection: 'default', ks, seed: 2, worst: 5, signal };
    const quality = await evaluateServer(client, {
      ...asked,
      onProgress: (...step) => void progress.push(step),
    });

    for (const searches of batches) {
      expect(searches.length).toBeLessThanOrEqual(32);
      expect(searches.reduce((sum, { k }) => sum + k, 0)).toBeLessThanOrEqual(2000);
    }
    // Beyond a page for every query, exactly and not.
    expect(pages).toBeGreaterThanOrEqual(2 * quality.queries);
    expect(progress.at(-1)).toEqual(['ask', quality.queries, quality.queries]);

    // Class after class, as it is measured.
    const rows = vectors
      .map((_, i) => i)
      .sort((a, b) => (labelOf(a) < labelOf(b) ? -1 : labelOf(a) > labelOf(b) ? 1 : a - b));
    const names = [...new Set(rows.map(labelOf))];
    const block = stackVectors(
      rows.map(i => vectors[i]),
      16,
    );
    const labels = Int32Array.from(rows, i => names.indexOf(labelOf(i)));
    const {
      nmi: _,
      ami: __,
      ari: ___,
      f1: ____,
      ...exact
    } = await evaluateEmbeddings(block, labels, {
      ks,
      seed: 2,
      worst: { count: 5, nameOf: label => names[label] },
    });
    expect(quality).toMatchObject({ ...exact, items: count, gone: 0, clusteringFailure: null });
    expect(quality.queries).toBe(24);

    const { id } = await client.startEvaluation('default', { ks: [1, 8, 1000], seed: 2 });
    const made = (await client.waitForJob(id)).result as unknown as typeof quality;
    const again = await evaluateServer(client, { ...asked, ks: [1, 8, 1000], onProgress: () => undefined });
    expect(again.index).toEqual(made.index);
  });
});
