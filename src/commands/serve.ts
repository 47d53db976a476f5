import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { understandError } from '../errors.js';
import type { Collection } from '../gallery/collection.js';
import { Gallery } from '../gallery/gallery.js';
import { isLoopback } from '../is-loopback.js';
import { createLog } from '../log.js';
import { version } from '../package-version.js';
import { createApp } from '../server/app.js';
import { createMetrics, type Metrics } from '../server/metrics.js';
import { createReadiness, type Readiness } from '../server/readiness.js';
import { startServer } from '../server/start-server.js';
import { watchRecall } from '../server/watch-recall.js';
import { type CommandContext, type CommandResult, defineCommand } from './command.js';
import { createEmbeddingQueue, hostsOf, limitsOf, openFetcher, openKeys } from './server-parts.js';
import { asksForKeys, requestsPerMinute, type ServerSettings, serverSettings } from './server-settings.js';

/** Where `scripts/build-web.ts` puts the page, seen from the compiled file. */
const webDirectory = fileURLToPath(new URL('../../web/', import.meta.url));

/** Says if the index of a collection is built anew while it is served, and what came of it. */
async function watchIndexing(
  collection: Collection,
  readiness: Readiness,
  report: CommandContext['report'],
): Promise<void> {
  const { name } = collection;
  const began = performance.now();
  try {
    const reason = await collection.rebuiltBecause();
    if (reason !== undefined) {
      readiness.note(name, 'indexing', 'the index is built anew');
      report(`${name}: the index is built anew from the catalog, searches are exact meanwhile: ${reason}`);
    }
    await collection.indexed();
    if (reason === undefined) return;
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    readiness.note(name, 'ready', 'the index was built anew');
    report(`${name}: the index of ${collection.size} items was built in ${seconds} s`);
  } catch (error) {
    const { code, message } = understandError(error);
    readiness.note(name, 'ready', 'there is no index, every search is exact');
    // Told to stop, or the collection is gone.
    if (code === 'interrupted') return;
    report(`${name}: the index cannot be built, every search is exact: ${code}: ${message}`);
  }
}

/**
 * Opens every collection, so that the first request does not wait for it. One that is broken is reported and the
 * others are served.
 * @throws MedoidError what is wrong, when none can be opened
 */
async function openCollections(
  gallery: Gallery,
  readiness: Readiness,
  { report, signal }: CommandContext,
): Promise<number> {
  const names = gallery.listCollections().map(({ name }) => name);
  if (names.length === 0)
    report('the gallery has no collection yet: `medoid index` makes one, or POST /v1/collections');
  for (const name of names) readiness.note(name, 'opening');
  const failures: unknown[] = [];
  for (const name of names) {
    // Told to stop while they are opened: enough is as good as all.
    if (signal.aborted) return names.length;
    try {
      const collection = await gallery.collection(name);
      await collection.warmUp();
      readiness.note(name, 'ready');
      void watchIndexing(collection, readiness, report);
    } catch (error) {
      failures.push(error);
      const { code, message } = understandError(error);
      readiness.note(name, 'broken', code);
      report(`${name} cannot be served: ${code}: ${message}`);
    }
  }
  if (names.length > 0 && failures.length === names.length) throw failures[0];
  return names.length - failures.length;
}

function warn(settings: ServerSettings, report: CommandContext['report']): void {
  const { host } = settings;
  if (!isLoopback(host) && !asksForKeys(settings)) {
    report(`warning: ${host} may be reached from other machines, and nobody is asked for a key`);
  }
  if (!existsSync(join(webDirectory, 'page.html'))) {
    report('warning: there is no page, only the API: `npm run build` makes the page');
  }
}

/** What is served, opened, and how it is all closed again. */
async function openService(settings: ServerSettings, { signal, report }: CommandContext) {
  const log = createLog(settings.logLevel);
  const notify = (message: string, cause?: unknown): void => log.warn({ err: cause }, message);
  // Before the gallery, which goes on with its jobs as soon as it is open.
  const keys = openKeys(settings, report);
  const fetcher = openFetcher(settings);
  let metrics: Metrics | undefined;
  const queue = createEmbeddingQueue(settings, (pictures, ms) => metrics?.observeBatch(pictures, ms));
  const gallery = await Gallery.open(settings.gallery, {
    access: settings.readOnly ? 'read' : 'write',
    threads: settings.threads,
    limits: limitsOf(settings),
    wrapEmbedder: queue.wrap,
    runJobs: true,
    jobsAtOnce: settings.jobsAtOnce,
    snapshotAfter: settings.snapshotAfter,
    onNotice: notify,
    ...(settings.models === undefined ? {} : { modelsDirectory: settings.models }),
    ...(fetcher === undefined ? {} : { fetchImage: fetcher.fetch }),
  }).catch(error => {
    keys?.close();
    throw error;
  });
  if (settings.metrics === 'on')
    metrics = createMetrics({ gallery, waiting: queue.waiting, ofProcess: true });
  const readiness = createReadiness(gallery, signal);
  const hosts = hostsOf(settings);
  const app = createApp({
    gallery,
    log,
    webDirectory,
    version,
    maxImageBytes: settings.maxImageBytes,
    rateLimit: requestsPerMinute(settings),
    corsOrigins: settings.corsOrigins,
    trustProxy: settings.trustProxy,
    requestTimeoutMs: settings.requestTimeoutMs,
    readiness,
    stopping: signal,
    docs: settings.docs === 'on',
    ...(metrics === undefined ? {} : { metrics }),
    ...(keys === undefined ? {} : { keys }),
    ...(hosts === undefined ? {} : { hosts }),
    ...(fetcher === undefined ? {} : { fetchImage: fetcher.fetch }),
  });
  const close = async (): Promise<void> => {
    await gallery.close();
    keys?.close();
    await fetcher?.close();
  };
  const watch = (): void => {
    if (metrics !== undefined) watchRecall(gallery, { metrics, notify, signal });
  };
  return { app, gallery, readiness, watch, close };
}

export const serve = defineCommand({
  name: 'serve',
  summary: 'Answer searches in a gallery over HTTP, with a page to try them on.',
  arguments: z.strictObject({}),
  options: serverSettings,
  configurable: true,
  async run(settings, context): Promise<CommandResult | undefined> {
    const { app, gallery, readiness, watch, close } = await openService(settings, context);
    try {
      const server = await startServer(app, settings);
      try {
        const served = await openCollections(gallery, readiness, context);
        watch();
        const { url, port } = server;
        warn(settings, context.report);
        const collections = served === 1 ? '1 collection' : `${served} collections`;
        context.answer({
          json: { url, host: settings.host, port },
          text: `Medoid serves ${collections} at ${url}`,
        });
        if (!context.signal.aborted) await once(context.signal, 'abort');
      } finally {
        await server.close({ deadlineMs: settings.shutdownTimeoutMs });
      }
      return undefined;
    } finally {
      await close();
    }
  },
});
