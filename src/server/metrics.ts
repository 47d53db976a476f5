import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { Operation } from '../api/operation.js';
import type { Gallery } from '../gallery/gallery.js';
import type { SearchTimings } from '../gallery/search-question.js';

/** Seconds. */
const latencyBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export interface Metrics {
  readonly contentType: string;
  /** In the text format of Prometheus. */
  render(): Promise<string>;
  observeRequest(operation: Operation, status: number, startedMs: number): void;
  /** @param timingsMs of one search, by stage */
  observeStages(timingsMs: SearchTimings): void;
  /** A run of the model. */
  observeBatch(pictures: number, ms: number): void;
  /** Share of the true neighbours that the graph finds. */
  observeRecall(collection: string, recall: number): void;
}

export interface MetricsOptions {
  readonly gallery: Gallery;
  /** Pictures that wait to be decoded or embedded. */
  waiting(): number;
  /** Whether memory, event loop and garbage collection are measured, too. */
  readonly ofProcess?: boolean;
}

/** What an operator watches. Nothing is labelled with what a client can make up. */
export function createMetrics({ gallery, waiting, ofProcess = false }: MetricsOptions): Metrics {
  const registers = [new Registry()];
  const [register] = registers;
  if (ofProcess) collectDefaultMetrics({ register });
  const requests = new Histogram({
    name: 'medoid_request_duration_seconds',
    help: 'From the head of a request to the end of its answer',
    labelNames: ['operation', 'status'],
    buckets: latencyBuckets,
    registers,
  });
  const stages = new Histogram({
    name: 'medoid_stage_duration_seconds',
    help: 'Of a search: fetch, decode, embed, search; with the wait for a turn',
    labelNames: ['stage'],
    buckets: latencyBuckets,
    registers,
  });
  const batches = new Histogram({
    name: 'medoid_embed_batch_pictures',
    help: 'Pictures that were embedded together',
    buckets: [1, 2, 4, 8, 16, 32, 64],
    registers,
  });
  const batchSeconds = new Counter({
    name: 'medoid_embed_seconds_total',
    help: 'Time in the model',
    registers,
  });
  const recall = new Gauge({
    name: 'medoid_index_recall',
    help: 'Share of the exact 10 nearest that the graph finds, of stored vectors drawn at random',
    labelNames: ['collection'],
    registers,
  });
  new Gauge({
    name: 'medoid_queue_pictures',
    help: 'Pictures that wait to be decoded or embedded',
    registers,
    collect() {
      this.set(waiting());
    },
  });
  new Gauge({
    name: 'medoid_collection_items',
    help: 'Items of a collection, each with one vector in the index',
    labelNames: ['collection'],
    registers,
    collect() {
      this.reset();
      for (const { name, items } of gallery.listCollections()) this.set({ collection: name }, items);
    },
  });
  new Gauge({
    name: 'medoid_jobs',
    help: 'Jobs that wait or run',
    labelNames: ['state'],
    registers,
    collect() {
      for (const state of ['queued', 'running'] as const) this.set({ state }, gallery.jobs.count(state));
    },
  });
  return {
    contentType: register.contentType,
    render: () => register.metrics(),
    observeRequest({ id }, status, startedMs) {
      requests.observe({ operation: id, status }, (performance.now() - startedMs) / 1000);
    },
    observeStages(timingsMs) {
      for (const [stage, ms] of Object.entries(timingsMs)) stages.observe({ stage }, ms / 1000);
    },
    observeBatch(pictures, ms) {
      batches.observe(pictures);
      batchSeconds.inc(ms / 1000);
    },
    observeRecall(collection, value) {
      recall.set({ collection }, value);
    },
  };
}
