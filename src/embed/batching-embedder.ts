import { availableParallelism } from 'node:os';
import { MedoidError } from '../errors.js';
import type { CropBox } from '../images/crop-box.js';
import type { Embedder, EmbedderCallOptions, EmbedderDecodeOptions } from './embedder.js';
import { type Ticket, WaitingLine } from './waiting-line.js';

export interface BatchingOptions {
  /** Pictures a run of the network. */
  readonly maxBatch?: number;
  /**
   * Pictures that may wait to be decoded or embedded, together; those that are under way do not wait. More are refused
   * before they are decoded, never after: what was accepted is seen through.
   */
  readonly maxWaiting?: number;
  /** Twice as many as cores unless given: with as many, cores are idle between the steps of a picture. */
  readonly decodesAtOnce?: number;
  /** Told of every run that answered: its pictures, and how long it took. */
  readonly onBatch?: (size: number, ms: number) => void;
}

export interface BatchingEmbedder extends Embedder {
  /** Pictures that wait to be decoded or embedded. */
  readonly waiting: number;
}

interface ToDecode {
  readonly image: Uint8Array;
  readonly box: CropBox | undefined;
}

type Settings = Required<BatchingOptions>;

/** Runs an embedder for many callers at once; see `createBatchingEmbedder`. */
class Batching implements BatchingEmbedder {
  private readonly toDecode = new WaitingLine<ToDecode, Uint8Array>();
  private readonly toEmbed = new WaitingLine<Uint8Array, Float32Array>();
  private decoding = 0;
  private embedding = false;
  /** What `close` waits for: calls, and what they began, which may go on when a call has failed already. */
  private readonly underWay = new Set<Promise<unknown>>();
  private closing: Promise<void> | undefined;

  constructor(
    private readonly embedder: Embedder,
    private readonly settings: Settings,
  ) {}

  get modelId(): string {
    return this.embedder.modelId;
  }

  get dimension(): number {
    return this.embedder.dimension;
  }

  get squashedTo(): number | undefined {
    return this.embedder.squashedTo;
  }

  get waiting(): number {
    return this.toDecode.length + this.toEmbed.length;
  }

  decode(image: Uint8Array, options: EmbedderDecodeOptions = {}): Promise<Uint8Array> {
    return this.admit(1, () => this.decodeOne(image, options));
  }

  embedPixels(pixels: readonly Uint8Array[], options: EmbedderCallOptions = {}): Promise<Float32Array[]> {
    // Were these refused while others wait to be decoded, a crowd would have all its pictures decoded for nothing.
    return this.accept(() => this.embedAll(pixels, options));
  }

  embed(images: readonly Uint8Array[]): Promise<Float32Array[]> {
    return this.admit(images.length, async () =>
      this.embedAll(await Promise.all(images.map(image => this.decodeOne(image))), {}),
    );
  }

  close(): Promise<void> {
    this.closing ??= this.finish();
    return this.closing;
  }

  private async finish(): Promise<void> {
    while (this.underWay.size > 0) await Promise.allSettled(this.underWay);
    await this.embedder.close();
  }

  /** Keeps `work` in mind until it is over. */
  private async follow<T>(work: Promise<T>): Promise<T> {
    this.underWay.add(work);
    try {
      return await work;
    } finally {
      this.underWay.delete(work);
    }
  }

  /** @throws MedoidError `interrupted` after `close` */
  private async accept<T>(work: () => Promise<T>): Promise<T> {
    if (this.closing !== undefined) throw new MedoidError('interrupted', 'the embedder has been closed');
    return this.follow(work());
  }

  /** @throws MedoidError `interrupted` after `close`, `overloaded` when there is no room for so many pictures */
  private async admit<T>(count: number, work: () => Promise<T>): Promise<T> {
    const { waiting } = this;
    const { maxWaiting } = this.settings;
    // Where nothing waits, even more than may wait are accepted: otherwise they never would be.
    if (waiting > 0 && waiting + count > maxWaiting) {
      throw new MedoidError(
        'overloaded',
        `expected room for ${count} more beside the ${waiting} pictures that wait, got room for ${maxWaiting}: try again`,
      );
    }
    return this.accept(work);
  }

  private decodeOne(image: Uint8Array, { box, signal }: EmbedderDecodeOptions = {}): Promise<Uint8Array> {
    const decoded = this.toDecode.join({ image, box }, signal);
    this.startDecoding();
    return decoded;
  }

  private startDecoding(): void {
    for (const ticket of this.toDecode.take(this.settings.decodesAtOnce - this.decoding)) {
      this.follow(this.answerDecode(ticket));
    }
  }

  private async answerDecode({ work, resolve, reject }: Ticket<ToDecode, Uint8Array>): Promise<void> {
    this.decoding++;
    await this.embedder.decode(work.image, { box: work.box }).then(resolve, reject);
    this.decoding--;
    // Before this is over, so that there is no moment in which nothing seems to be under way.
    this.startDecoding();
  }

  private embedAll(pixels: readonly Uint8Array[], { signal }: EmbedderCallOptions): Promise<Float32Array[]> {
    const embedded = Promise.all(pixels.map(picture => this.toEmbed.join(picture, signal)));
    if (!this.embedding) this.follow(this.runBatches());
    return embedded;
  }

  /** One after the other, as each run has all cores; each takes what has come while the one before ran. */
  private async runBatches(): Promise<void> {
    this.embedding = true;
    while (this.toEmbed.length > 0) await this.answer(this.toEmbed.take(this.settings.maxBatch));
    this.embedding = false;
  }

  /** A run that fails is done again picture by picture, so that a bad one fails alone. */
  private async answer(batch: readonly Ticket<Uint8Array, Float32Array>[]): Promise<void> {
    const began = performance.now();
    let embeddings: Float32Array[];
    try {
      embeddings = await this.embedder.embedPixels(batch.map(({ work }) => work));
    } catch (error) {
      if (batch.length === 1) return batch[0].reject(error);
      for (const ticket of batch) await this.answer([ticket]);
      return;
    }
    for (const [i, { resolve }] of batch.entries()) resolve(embeddings[i]);
    this.settings.onBatch(batch.length, performance.now() - began);
  }
}

/**
 * An embedder for many callers at once: pictures that come while the network runs are put together into its next run,
 * and only so many are decoded at a time. Nothing is waited for: an idle one begins at once. What would have to wait
 * behind too many is refused as `overloaded`. `close` waits for what was accepted, then closes `embedder`.
 */
export const createBatchingEmbedder = (embedder: Embedder, options: BatchingOptions = {}): BatchingEmbedder =>
  new Batching(embedder, {
    maxBatch: 32,
    maxWaiting: 256,
    decodesAtOnce: 2 * availableParallelism(),
    onBatch: () => undefined,
    ...options,
  });
