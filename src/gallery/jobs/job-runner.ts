import { setMaxListeners } from 'node:events';
import type { JobEnd, JobProgress } from '../../catalog/job-table.js';
import type { JobRow, JobState } from '../../catalog/rows.js';
import { errorCatalogue, MedoidError, understandError } from '../../errors.js';
import { requireWriting } from '../require-writing.js';
import { findJobKind, type JobKindName } from './index.js';
import { type AnyJobKind, type JobSummary, stopIfAborted } from './job.js';
import { failureOf, type JobPage, type JobRunnerParts, type JobsListing } from './job-runner-parts.js';
import { JobWatchers } from './job-watchers.js';
import { NeededImages } from './needed-images.js';

type StopReason = 'cancelled' | 'closed';

interface RunningJob {
  readonly row: JobRow;
  readonly stop: AbortController;
  progress: JobProgress;
  /** When it was last written. */
  progressSavedMs: number;
  ended: Promise<void>;
}

const mostQueued = 1000;
/** Of those that have ended. */
const mostJobsKept = 1000;
const saveProgressEveryMs = 1000;
/** Another process tells nobody. */
const lookAgainEveryMs = 500;

const hasEnded = ({ state }: JobSummary): boolean => state !== 'queued' && state !== 'running';

/** Does long work, in the order it was asked for, and goes on with it when the gallery is opened again. */
export class JobRunner {
  private readonly queue: JobRow[] = [];
  private readonly running = new Map<number, RunningJob>();
  private readonly watchers = new JobWatchers();
  private readonly neededImages = new NeededImages();
  private readonly sweeping = new Set<Promise<void>>();
  private closed = false;

  constructor(private readonly parts: JobRunnerParts) {}

  private get table() {
    return this.parts.services.catalog.jobs;
  }

  /**
   * Takes up what was not done when the gallery was last open for writing.
   * @param run whether to go on with it; otherwise it is left to whoever opens the gallery next
   */
  resume({ run }: { readonly run: boolean }): void {
    for (const row of this.table.listUnfinished()) {
      if (row.state === 'running') this.table.queueAgain(row.id);
      const kind = findJobKind(row.kind);
      if (kind !== undefined) this.neededImages.add(row.id, kind.imagesOf(this.table.inputOf(row.id)));
      if (run) this.queue.push(row);
    }
    this.startNext();
  }

  /** Whether a job that has not ended needs the image. */
  needs(imageSha256: string): boolean {
    return this.neededImages.has(imageSha256);
  }

  /**
   * Is on disk when it returns, and done after those before it.
   * @throws MedoidError `invalid-request` naming the field, `not-found` or `read-only`
   */
  start(kindName: JobKindName, collection: string, input: unknown): JobSummary {
    this.requireOpen();
    const kind = findJobKind(kindName) as AnyJobKind;
    const parsed = kind.parse(input);
    if (this.queue.length >= mostQueued) {
      throw new MedoidError(
        'overloaded',
        `expected fewer than ${mostQueued} jobs that wait: try again later`,
      );
    }
    const collectionId = this.requireCollection(collection);
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

  /** By ascending id. @throws MedoidError `not-found` for a collection there is none of */
  list({ collection, state, afterId = 0, limit }: JobsListing): JobPage {
    const collectionId = collection === undefined ? undefined : this.requireCollection(collection);
    const rows = this.table.list({ collectionId, state, afterId, limit: limit + 1 });
    // Results may be long: they come with the job itself.
    const jobs = rows.slice(0, limit).map(row => ({ ...this.describe(row), result: null }));
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
    if (running !== undefined) this.stop(running, 'cancelled');
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
      this.stop(running, 'cancelled');
      await running.ended;
    }
  }

  /** Stops what runs; it is queued again, with its checkpoint. */
  async close(): Promise<void> {
    this.closed = true;
    this.queue.length = 0;
    const running = [...this.running.values()];
    for (const job of running) this.stop(job, 'closed');
    await Promise.all(running.map(({ ended }) => ended));
    await Promise.all(this.sweeping);
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

  private stop({ stop }: RunningJob, reason: StopReason): void {
    if (!stop.signal.aborted) stop.abort(reason);
  }

  private dropQueued(id: number): void {
    const at = this.queue.findIndex(row => row.id === id);
    if (at >= 0) this.queue.splice(at, 1);
    this.end(id, { state: 'cancelled' });
    this.sweep();
  }

  private startNext(): void {
    while (!this.closed && this.running.size < this.parts.jobsAtOnce) {
      const busy = new Set([...this.running.values()].map(({ row }) => row.collectionId));
      const at = this.queue.findIndex(({ collectionId }) => !busy.has(collectionId));
      if (at < 0) return;
      const [row] = this.queue.splice(at, 1);
      const { progress } = row;
      const job: RunningJob = {
        ...{ row, progress, progressSavedMs: performance.now(), stop: new AbortController() },
        ended: Promise.resolve(),
      };
      // One listener a picture: more of them are no leak.
      setMaxListeners(0, job.stop.signal);
      this.table.begin(row.id);
      this.running.set(row.id, job);
      this.watchers.tell(row.id);
      job.ended = this.run(job).catch(error => {
        this.parts.notify(`job ${row.id} could not be brought to an end`, error);
      });
    }
  }

  private async run(job: RunningJob): Promise<void> {
    const { id } = job.row;
    try {
      const end = await this.work(job);
      this.table.saveProgress(id, job.progress);
      this.running.delete(id);
      if (end === 'again') this.table.queueAgain(id);
      else this.end(id, end);
    } finally {
      // Whatever could not be written, on a full disk: the next one is not kept waiting, and the start after finds out.
      this.running.delete(id);
      this.watchers.tell(id);
      this.sweep();
      this.startNext();
    }
  }

  /** Images that are needed no longer; never fails. */
  private sweep(): void {
    const sweeping = this.parts.sweepImages().finally(() => this.sweeping.delete(sweeping));
    this.sweeping.add(sweeping);
  }

  private async work(job: RunningJob): Promise<JobEnd | 'again'> {
    const { row, stop } = job;
    try {
      const kind = findJobKind(row.kind);
      if (kind === undefined) throw new MedoidError('invalid-request', `there is no kind of job ${row.kind}`);
      const input = kind.parse(this.table.inputOf(row.id));
      const opened = await this.parts.open(row.collection);
      stopIfAborted(stop.signal);
      const result = await kind.run(input, {
        ...this.parts.services,
        opened,
        signal: stop.signal,
        checkpoint: this.table.checkpointOf(row.id),
        saveCheckpoint: checkpoint => this.table.saveCheckpoint(row.id, checkpoint),
        report: progress => this.report(job, progress),
      });
      return { state: 'done', result };
    } catch (error) {
      const isStop = error instanceof MedoidError && error.code === 'interrupted' && stop.signal.aborted;
      if (isStop) return (stop.signal.reason as StopReason) === 'closed' ? 'again' : { state: 'cancelled' };
      // Of what is the server's own trouble whoever asked is told nothing.
      if (errorCatalogue[understandError(error).code].status >= 500)
        this.parts.notify(`job ${row.id}, ${row.kind}, failed`, error);
      return failureOf(error);
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
