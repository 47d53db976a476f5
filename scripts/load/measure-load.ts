import { rm } from 'node:fs/promises';
import { availableParallelism, cpus } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { type Driven, drive } from './drive.js';
import { indexFolder, type MadeGallery, makeGallery, sizeOf } from './make-gallery.js';
import type { LoadOptions } from './options.js';
import { type Search, searchById, searchByPicture, searches } from './searches.js';
import { type ServedGallery, serveGallery } from './served-gallery.js';

/** Mean milliseconds of a search, as the server has measured them. */
interface ServerTimes {
  /** In each stage, with the wait for a turn. */
  readonly stagesMs: Readonly<Record<'decode' | 'embed' | 'search', number>>;
  /** Of processor: of all threads, and whatever else runs beside the server takes none of it. */
  readonly processorMs: number;
}

export interface SearchReport extends Driven, ServerTimes {
  readonly name: string;
}

export interface MixedReport {
  /** Searches by id without uploads, and the same beside them. */
  readonly alone: Driven;
  readonly beside: Driven;
  readonly uploads: Driven;
}

export interface LoadReport {
  readonly machine: { readonly processor: string; readonly cores: number; readonly node: string };
  readonly gallery: MadeGallery & { readonly items: number };
  readonly start:
    | {
        readonly withoutSnapshotSeconds: number;
        readonly indexedSeconds: number;
        readonly snapshotBytes: number;
      }
    | undefined;
  readonly startSeconds: number;
  /** Share of the exact 10 nearest that the graph finds. */
  readonly recall: number;
  readonly residentBytes: { readonly atFirst: number; readonly atLast: number };
  readonly searches: readonly SearchReport[];
  readonly mixed: MixedReport | undefined;
  readonly crowd: Driven | undefined;
  /** Of all measurements; 0 unless something is wrong. */
  readonly errors: number;
}

interface Bench {
  readonly options: LoadOptions;
  readonly served: ServedGallery;
  readonly dimension: number;
  readonly signal: AbortSignal;
  report(line: string): void;
}

const longestWarmUpSeconds = 2;
const mixedConnections = { ids: 8, uploads: 4 };
const recallName = 'medoid_index_recall{collection="load"}';
const recallPollMs = 200;
const longestRecallPolls = 600;

const residentBytes = async ({ readMetrics }: ServedGallery): Promise<number> =>
  (await readMetrics()).get('process_resident_memory_bytes') ?? Number.NaN;

/** The server measures it when it has started, which takes the time of the searches that come then. */
async function waitForRecall({ readMetrics }: ServedGallery, signal: AbortSignal): Promise<number> {
  for (let polls = 0; polls < longestRecallPolls; polls++) {
    const recall = (await readMetrics()).get(recallName);
    if (recall !== undefined) return recall;
    await delay(recallPollMs, undefined, { signal });
  }
  throw new Error('the server did not measure the recall of its index');
}

async function prepare(search: Search, { options, dimension, served, signal }: Bench) {
  const requests = await search.createRequests({ ...options, dimension });
  const { seconds } = options;
  const driveWith = (connections: number, forSeconds = seconds): Promise<Driven> =>
    drive({ url: served.url, requests, connections, seconds: forSeconds, signal });
  await driveWith(1, Math.min(longestWarmUpSeconds, seconds));
  return driveWith;
}

function meanTimes(before: ReadonlyMap<string, number>, after: ReadonlyMap<string, number>): ServerTimes {
  const grown = (name: string): number => (after.get(name) ?? 0) - (before.get(name) ?? 0);
  const mean = (stage: string): number =>
    (1000 * grown(`medoid_stage_duration_seconds_sum{stage="${stage}"}`)) /
    grown(`medoid_stage_duration_seconds_count{stage="${stage}"}`);
  return {
    stagesMs: { decode: mean('decode'), embed: mean('embed'), search: mean('search') },
    processorMs:
      (1000 * grown('process_cpu_seconds_total')) /
      grown('medoid_request_duration_seconds_count{operation="search",status="200"}'),
  };
}

async function measureSearch(search: Search, bench: Bench): Promise<SearchReport[]> {
  const { served, options, report } = bench;
  const driveWith = await prepare(search, bench);
  const reports: SearchReport[] = [];
  for (const connections of options.connections) {
    report(`${search.name}, ${connections} connections`);
    const before = await served.readMetrics();
    const driven = await driveWith(connections);
    reports.push({ name: search.name, ...driven, ...meanTimes(before, await served.readMetrics()) });
  }
  return reports;
}

async function measureMixed(bench: Bench): Promise<MixedReport> {
  bench.report('searches by id, alone and beside uploads');
  const [driveIds, driveUploads] = [await prepare(searchById, bench), await prepare(searchByPicture, bench)];
  const alone = await driveIds(mixedConnections.ids);
  const [beside, uploads] = await Promise.all([
    driveIds(mixedConnections.ids),
    driveUploads(mixedConnections.uploads),
  ]);
  return { alone, beside, uploads };
}

async function measureCrowd(bench: Bench): Promise<Driven> {
  bench.report(`${bench.options.crowd} connections that upload`);
  return (await prepare(searchByPicture, bench))(bench.options.crowd);
}

/** From nothing but the catalog: the index is built while searches are exact. It is written when the server ends. */
async function measureColdStart(serve: () => Promise<ServedGallery>, directory: string) {
  await rm(indexFolder(directory), { recursive: true, force: true });
  const cold = await serve();
  const indexedSeconds = await cold.waitForIndex().finally(() => cold.close());
  return {
    withoutSnapshotSeconds: cold.startSeconds,
    indexedSeconds,
    snapshotBytes: await sizeOf(indexFolder(directory)),
  };
}

async function measureServed(bench: Bench) {
  const { served, options, signal } = bench;
  const asksFor = (name: LoadOptions['measure'][number]): boolean => options.measure.includes(name);
  const recall = await waitForRecall(served, signal);
  const atFirst = await residentBytes(served);
  const reports: SearchReport[] = [];
  for (const search of searches.filter(({ name }) => asksFor(name))) {
    reports.push(...(await measureSearch(search, bench)));
  }
  const mixed = asksFor('mixed') ? await measureMixed(bench) : undefined;
  const crowd = asksFor('crowd') ? await measureCrowd(bench) : undefined;
  const driven = [...reports, ...(mixed === undefined ? [] : [mixed.alone, mixed.beside, mixed.uploads])];
  // Only of a crowd some may be refused.
  const errors = driven.reduce((sum, one) => sum + one.errors + one.refused, crowd?.errors ?? 0);
  return {
    recall,
    residentBytes: { atFirst, atLast: await residentBytes(served) },
    searches: reports,
    mixed,
    crowd,
    errors,
  };
}

/**
 * Makes a gallery, serves it by the program itself and measures how it answers.
 * @param context.temporary folder that the caller removes
 * @throws the signal's reason when it is aborted
 */
export async function measureLoad(
  options: LoadOptions,
  context: { readonly temporary: string; readonly signal: AbortSignal; report(line: string): void },
): Promise<LoadReport> {
  const { temporary, signal, report } = context;
  const { items, seed, model, profile, gallery: directory = join(temporary, 'gallery') } = options;
  report(`a gallery of ${items} items`);
  const made = await makeGallery({ directory, items, seed, model, signal });
  const serve = (profileFolder?: string): Promise<ServedGallery> =>
    serveGallery({ directory, logPath: join(temporary, 'server.log'), profile: profileFolder, signal });
  report('the start of the server');
  const start = options.measure.includes('start') ? await measureColdStart(serve, directory) : undefined;
  signal.throwIfAborted();
  const served = await serve(profile);
  try {
    const measured = await measureServed({ options, served, dimension: made.dimension, signal, report });
    return {
      machine: {
        processor: cpus()[0]?.model ?? 'unknown',
        cores: availableParallelism(),
        node: process.version,
      },
      gallery: { ...made, items },
      start,
      startSeconds: served.startSeconds,
      ...measured,
    };
  } finally {
    await served.close();
  }
}
