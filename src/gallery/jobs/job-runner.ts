import type { JobEnd, JobProgress } from '../../catalog/job-table.js';
import type { JobRow, JobState } from '../../catalog/rows.js';
import { MedoidError } from '../../errors.js';
import type { Notify } from '../notice.js';
import type { OpenedCollection } from '../open-collections.js';
import { requireWriting } from '../require-writing.js';
import { findJobKind, type JobKindName } from './index.js';
import type { AnyJobKind, JobServices, JobSummary } from './job.js';
import { JobWatchers } from './job-watchers.js';
import { NeededImages } from './needed-images.js';
import { createRunningJob, failureOf, type RunningJob, runJob, stopJob } from './run-job.js';

export interface JobRunnerParts {
  readonly services: JobServices;
  readonly access: 'read' | 'write';
  /** Jobs that run at once, or 0: then they wait. Those of one collection run one after another. */
  readonly jobsAtOnce: number;
  readonly open: (collection: string) => Promise<OpenedCollection>;
  /** Nothing for a collection there is none of. */
  readonly findCollectionId: (name: string) => number | undefined;
  readonly sweepImages: () => Promise<void>;
  readonly notify: Notify;
}

export interface JobsListing {
  readonly collection?: string | undefined;
  readonly state?: JobState | undefined;
  /** 0 unless given: from the first one. */
  readonly afterId?: number;
  readonly limit: number;
}

export interface JobPage {
  readonly jobs: JobSummary[];
  /** Id after which the next page begins; null when this is the last one. */
  readonly next: number | null;
}

/** Of those that have ended. */
const mostJobsKept = 1000;
const saveProgressEveryMs = 1000;
const startAgainMs = 5000;
/** Another process tells nobody. */
const lookAgainEveryMs = 500;

/** Each may have thousands of pictures on disk. */
const mostQueued = 1000;

const hasEnded = ({ state }: JobSummary): boolean => state !== 'queued' && state !== 'running';

/** Has long work done, in the order it was asked for, and goes on with it when the gallery is opened again. */
export class JobRunner {
  private readonly queue: JobRow[] = [];
  private readonly running = new Map<number, RunningJob>();
  private readonly watchers = new JobWatchers();
  private readonly neededImages = new NeededImages();
  /** What `close` waits for, with the job it belongs to: work, and what is tidied up after it. */
  private readonly underWay = new Map<Promise<void>, number>();
  private later: NodeJS.Timeout | undefined;
  private closed = false;

  constructor(private readonly parts: JobRunnerParts) {}

  private get table() {
    return this.parts.services.catalog.jobs;
  }

  /** Takes up what was not done when the gallery was last open for writing. */
  resume(): void {
    for (const row of this.table.listUnfinished()) {
      if (row.state === 'running') this.table.queueAgain(row.id);
      const kind = findJobKind(row.kind);
      if (kind !== undefined) this.neededImages.add(row.id, kind.imagesOf(this.table.inputOf(row.id)));
      this.queue.push(row);
    }
    this.startNext();
  }

  /** Whether a job that has not ended needs the image. */
  needs(imageSha256: string): boolean {
    return this.neededImages.has(imageSha256);
  }

  /**
   * Is on disk when it returns, and done after those before it.
   * @throws MedoidError `invalid-request` naming the field, `not-found`, `read-only`, or `overloaded`
   */
  start(kindName: JobKindName, collection: string, input: unknown): JobSummary {
    this.requireOpen();
    const kind = findJobKind(kindName) as AnyJobKind;
    const parsed = kind.parse(input);
    const collectionId = this.requireCollection(collection);
    if (this.queue.length >= mostQueued) {
      throw new MedoidError(
        'overloaded',
        `expected fewer than ${mostQueued} jobs that wait: try again later`,
      );
    }
    const row = this.table.add({ kind: kindName, collectionId, input: parsed });
    this.neededImages.add(row.id, kind.imagesOf(parsed));
    this.queue.push(row);
    this.startNext();
    return this.get(row.id);
  }

  /** @throws MedoidError `not-found` */
  get(id: number): JobSummary {
    const job = this.find(id);
    if (job === undefined) throw new MedoidError('not-found', `there is no job ${id}`);
    return job;
  }

  /** By ascending id, without their results. @throws MedoidError `not-found` for a collection there is none of */
  list({ collection, state, afterId = 0, limit }: JobsListing): JobPage {
    const collectionId = collection === undefined ? undefined : this.requireCollection(collection);
    const rows = this.table.list({ collectionId, state, afterId, limit: limit + 1 });
    const jobs = rows.slice(0, limit).map(row => this.describe(row));
    return { jobs, next: rows.length > limit ? jobs[limit - 1].id : null };
  }

  count(state: JobState): number {
    return this.table.count(state);
  }

  /**
   * A job that waits is cancelled when it returns; one that runs, as soon as it notices.
   * @throws MedoidError `not-found`, `read-only`, or `conflict` for one that has ended
   */
  cancel(id: number): JobSummary {
    this.requireOpen();
    const job = this.get(id);
    if (hasEnded(job)) throw new MedoidError('conflict', `job ${id} has ended already: it is ${job.state}`);
    const running = this.running.get(id);
    if (running !== undefined) stopJob(running, 'cancelled');
    else this.dropQueued(id);
    return this.get(id);
  }

  /**
   * The job as it is, then again each time it has changed, until it has ended, the signal is aborted or the gallery is
   * closed. Who is slow misses what was between.
   */
  async *watch(id: number, signal: AbortSignal): AsyncGenerator<JobSummary, void, undefined> {
    let last: string | undefined;
    while (!this.closed && !signal.aborted) {
      const job = this.find(id);
      if (job === undefined) return;
      const text = JSON.stringify(job);
      if (text === last) {
        const timeoutMs = this.parts.access === 'read' ? lookAgainEveryMs : undefined;
        await this.watchers.wait(id, { signal, timeoutMs });
        continue;
      }
      last = text;
      yield job;
      if (hasEnded(job)) return;
    }
  }

  /** Of a collection that is about to be removed, and of no other. */
  async stopAll(collectionId: number): Promise<void> {
    for (const { id } of this.queue.filter(row => row.collectionId === collectionId)) this.dropQueued(id);
    for (const running of [...this.running.values()]) {
      if (running.row.collectionId !== collectionId) continue;
      stopJob(running, 'cancelled');
      for (const [work, id] of this.underWay) if (id === running.row.id) await work;
    }
  }

  /** Stops what runs; it is queued again, with its checkpoint. */
  async close(): Promise<void> {
    this.closed = true;
    this.queue.length = 0;
    clearTimeout(this.later);
    for (const job of this.running.values()) stopJob(job, 'closed');
    while (this.underWay.size > 0) await Promise.all(this.underWay.keys());
    this.watchers.tellAll();
  }

  private requireOpen(): void {
    requireWriting(this.parts.access);
    if (this.closed) throw new MedoidError('interrupted', 'the gallery has been closed');
  }

  private requireCollection(name: string): number {
    const id = this.parts.findCollectionId(name);
    if (id === undefined) throw new MedoidError('not-found', `the gallery has no collection ${name}`);
    return id;
  }

  private find(id: number): JobSummary | undefined {
    const row = this.table.find(id);
    return row === undefined ? undefined : this.describe(row);
  }

  private describe({ collectionId: _, ...row }: JobRow): JobSummary {
    const running = this.running.get(row.id);
    return running === undefined ? row : { ...row, progress: running.progress };
  }

  private dropQueued(id: number): void {
    this.end(id, { state: 'cancelled' });
    const at = this.queue.findIndex(row => row.id === id);
    if (at >= 0) this.queue.splice(at, 1);
    this.follow(id, this.parts.sweepImages());
  }

  private startNext(): void {
    while (!this.closed && this.running.size < this.parts.jobsAtOnce) {
      const busy = new Set([...this.running.values()].map(({ row }) => row.collectionId));
      const at = this.queue.findIndex(({ collectionId }) => !busy.has(collectionId));
      if (at < 0) return;
      const row = this.queue[at];
      try {
        this.table.begin(row.id);
      } catch (error) {
        this.parts.notify(`job ${row.id} waits, as its beginning could not be written`, error);
        this.startLater();
        return;
      }
      this.queue.splice(at, 1);
      const job = createRunningJob(row);
      this.running.set(row.id, job);
      this.watchers.tell(row.id);
      this.follow(row.id, this.run(job));
    }
  }

  /** There may be room on the disk by then. */
  private startLater(): void {
    clearTimeout(this.later);
    this.later = setTimeout(() => this.startNext(), startAgainMs).unref();
  }

  /** Keeps work in mind until it is over. */
  private follow(id: number, work: Promise<void>): void {
    const followed = work
      .catch(error => this.parts.notify(`job ${id} could not be brought to an end`, error))
      .finally(() => this.underWay.delete(followed));
    this.underWay.set(followed, id);
  }

  private async run(job: RunningJob): Promise<void> {
    const { id, kind } = job.row;
    const { services, open, notify } = this.parts;
    const end = await runJob(job, {
      services,
      open,
      report: progress => this.report(job, progress),
      onFailure: error => notify(`job ${id}, ${kind}, failed`, error),
    });
    this.running.delete(id);
    try {
      this.settle(job, end);
    } finally {
      this.watchers.tell(id);
      this.startNext();
    }
    await this.parts.sweepImages();
  }

  /** Writes how it ended, as far as it can be written: if not at all, it goes on when the gallery is opened again. */
  private settle({ row: { id }, progress }: RunningJob, end: JobEnd | 'again'): void {
    try {
      this.table.saveProgress(id, progress);
      if (end === 'again') this.table.queueAgain(id);
      else this.end(id, end);
    } catch (error) {
      this.parts.notify(`how job ${id} ended could not be written`, error);
      if (end !== 'again') this.end(id, failureOf(error));
    }
  }

  private report(job: RunningJob, progress: JobProgress): void {
    const { id } = job.row;
    if (progress.done === job.progress.done && progress.total === job.progress.total) return;
    job.progress = progress;
    if (performance.now() - job.progressSavedMs > saveProgressEveryMs) {
      job.progressSavedMs = performance.now();
      this.table.saveProgress(id, progress);
    }
    this.watchers.tell(id);
  }

  /** What it needed and no item has is as loose as what an item let go of. */
  private end(id: number, end: JobEnd): void {
    const { catalog } = this.parts.services;
    catalog.transaction(() => {
      this.table.end(id, end);
      for (const image of this.neededImages.of(id))
        if (!catalog.hasImage(image)) catalog.addLooseImage(image);
      this.table.removeOld({ keep: mostJobsKept });
    });
    this.neededImages.remove(id);
    this.watchers.tell(id);
  }
}
