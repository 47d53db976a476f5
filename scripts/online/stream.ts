import { join } from 'node:path';
import { Catalog } from '../../src/catalog/catalog.js';
import type { EmbeddingSetRow } from '../../src/catalog/rows.js';
import type { Example } from '../../src/datasets/dataset.js';
import { readExample } from '../../src/datasets/read-example.js';
import type { Embedder } from '../../src/embed/embedder.js';
import { Gallery } from '../../src/gallery/gallery.js';
import type { ClusterSnapshot } from '../../src/gallery/online-clusters/cluster-snapshot.js';
import { createRandom } from '../../src/math/random.js';
import { inBatches } from '../../src/work-ahead.js';
import { readClusters } from './measure-clusters.js';

const name = 'default';
const batchSize = 32;

export interface StreamOptions {
  readonly directory: string;
  readonly model: string;
  readonly examples: readonly Example[];
  readonly seed: number;
  readonly wrapEmbedder: (embedder: Embedder) => Embedder;
}

/** A real gallery whose items join clusters as they are added. */
export class Stream {
  private constructor(
    private readonly gallery: Gallery,
    private readonly catalog: Catalog,
    private readonly options: StreamOptions,
  ) {}

  static async open(options: StreamOptions): Promise<Stream> {
    const { directory, model, wrapEmbedder } = options;
    const gallery = await Gallery.open(directory, {
      access: 'write',
      create: true,
      runJobs: true,
      wrapEmbedder,
    });
    await gallery.createCollection(name, model);
    const catalog = Catalog.open(join(directory, 'catalog.sqlite'), { access: 'read' });
    return new Stream(gallery, catalog, options);
  }

  async close(): Promise<void> {
    this.catalog.close();
    await this.gallery.close();
  }

  /** @param consolidateAfter nothing for the product's own choice */
  async configure(facilityCost: number | 'auto', consolidateAfter?: number): Promise<void> {
    const { clusters } = await this.gallery.collection(name);
    const { seed } = this.options;
    await clusters.configure({ facilityCost, seed, consolidateAfter: consolidateAfter ?? null });
  }

  /** Adds every picture, in an order drawn by the seed and the time it is, under its path and what comes before it. */
  async add(time: number, prefix = ''): Promise<void> {
    const { examples, seed } = this.options;
    const collection = await this.gallery.collection(name);
    const order = createRandom(`${seed}/online/${time}`).shuffle([...examples]);
    for (const batch of inBatches(order, batchSize)) {
      const items = batch.map(async example => {
        const { path, label } = example;
        return { key: `${prefix}${path}`, label, image: await readExample(example) };
      });
      for (const outcome of await collection.add(await Promise.all(items))) {
        if (outcome.status === 'failed') throw new Error(`${outcome.key}: ${outcome.message}`);
      }
    }
    await this.waitForJobs();
  }

  async consolidate(): Promise<void> {
    this.gallery.jobs.start('consolidate-clusters', name, {});
    await this.waitForJobs();
  }

  /** How many consolidations there have been. */
  countConsolidations(): number {
    return this.gallery.jobs.list({ limit: 1000 }).jobs.length;
  }

  async currentCost(): Promise<number> {
    return (await this.gallery.collection(name)).clusters.summary().currentCost;
  }

  read(): Promise<ClusterSnapshot> {
    const collectionId = this.catalog.findCollectionId(name) as number;
    const set = this.catalog.sets.findActive(collectionId) as EmbeddingSetRow;
    return readClusters({ catalog: this.catalog, collectionId, set });
  }

  /** The cluster of each item by its key. */
  clustersByKey(snapshot: ClusterSnapshot): Map<string, number> {
    const collectionId = this.catalog.findCollectionId(name) as number;
    return new Map(
      snapshot.embeddings.items.map(({ itemId }, point) => [
        this.catalog.findItem(collectionId, itemId)?.key as string,
        snapshot.clusterOfFacility[snapshot.assignment[point]],
      ]),
    );
  }

  private async waitForJobs(): Promise<void> {
    const { jobs } = this.gallery;
    for (const { id } of jobs.list({ limit: 1000 }).jobs) {
      for await (const job of jobs.watch(id, new AbortController().signal)) {
        if (job.state === 'failed') throw new Error(job.error?.message);
      }
    }
  }
}
