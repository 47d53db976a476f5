import { getEventListeners } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type BatchingOptions, createBatchingEmbedder } from '../../src/embed/batching-embedder.js';
import { type Embedder, OnnxEmbedder } from '../../src/embed/embedder.js';
import { MedoidError } from '../../src/errors.js';
import { createPicture } from '../fixtures/images.js';
import { createTinyModel } from '../fixtures/tiny-model.js';

/** The real embedder behind gates: what is asked of it is written down, and waits until the gate is opened. */
class GatedEmbedder implements Embedder {
  readonly runs: (readonly Uint8Array[])[] = [];
  decodes = 0;
  mostDecodes = 0;
  closed = false;
  private readonly waiting: (() => void)[] = [];
  private isOpen = false;

  constructor(private readonly inner: Embedder) {}

  readonly modelId = 'gated';
  readonly dimension = 16;

  open(): void {
    this.isOpen = true;
    for (const goOn of this.waiting.splice(0)) goOn();
  }

  private async pass(): Promise<void> {
    if (!this.isOpen) await new Promise<void>(goOn => this.waiting.push(goOn));
    if (this.closed) throw new Error('used after it was closed');
  }

  async decode(...[image, options]: Parameters<Embedder['decode']>): Promise<Uint8Array> {
    this.mostDecodes = Math.max(this.mostDecodes, ++this.decodes);
    await this.pass();
    try {
      return await this.inner.decode(image, options);
    } finally {
      this.decodes--;
    }
  }

  async embedPixels(pixels: readonly Uint8Array[]): Promise<Float32Array[]> {
    this.runs.push(pixels);
    await this.pass();
    // A picture of no pixels is one that the network cannot take.
    if (pixels.some(({ length }) => length === 0)) throw new MedoidError('invalid-model', 'no pixels');
    return this.inner.embedPixels(pixels);
  }

  embed(): Promise<Float32Array[]> {
    throw new Error('not asked for');
  }

  async close(): Promise<void> {
    this.closed = true;
  }
}

const bad = new Uint8Array(0);

describe('embedding in batches', () => {
  let folder: string;
  let real: OnnxEmbedder;
  let images: Buffer[];
  let pixels: Uint8Array[];
  let expected: Float32Array[];
  let gated: GatedEmbedder;
  const create = (options: BatchingOptions = {}) => createBatchingEmbedder(gated, options);
  const sizes = (): number[] => gated.runs.map(run => run.length);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-batching-'));
    real = await OnnxEmbedder.open(await createTinyModel(join(folder, 'model')), { threads: 1 });
    images = await Promise.all(Array.from({ length: 20 }, (_, seed) => createPicture(seed)));
    pixels = await Promise.all(images.map(image => real.decode(image)));
    expected = [];
    for (const picture of pixels) expected.push(...(await real.embedPixels([picture])));
  });
  afterAll(async () => {
    await real.close();
    await rm(folder, { recursive: true });
  });
  beforeEach(() => {
    gated = new GatedEmbedder(real);
  });

  const expectSame = (embeddings: readonly Float32Array[], wanted: readonly Float32Array[]): void => {
    expect(embeddings).toHaveLength(wanted.length);
    for (const [i, embedding] of embeddings.entries()) {
      for (const [d, value] of embedding.entries()) expect(Math.abs(value - wanted[i][d])).toBeLessThan(1e-6);
    }
  };

  it('begins at once when idle, and puts together what comes meanwhile, in order and no more than allowed', async () => {
    const batches: number[] = [];
    const embedder = create({ maxBatch: 8, onBatch: size => batches.push(size) });
    const answers = pixels.map(picture => embedder.embedPixels([picture]));
    expect(sizes()).toEqual([1]);
    expect(embedder.waiting).toBe(19);
    gated.open();
    expectSame((await Promise.all(answers)).flat(), expected);
    expect(sizes()).toEqual([1, 8, 8, 3]);
    expect(gated.runs.flat()).toEqual(pixels);
    expect(batches).toEqual([1, 8, 8, 3]);
    expect(embedder.waiting).toBe(0);
  });

  it('is the embedder it is made of, in all it answers', async () => {
    gated.open();
    const embedder = create({ maxBatch: 3 });
    expect([embedder.modelId, embedder.dimension]).toEqual(['gated', 16]);
    expect(await embedder.embedPixels([])).toEqual([]);
    expectSame(await embedder.embed(images), expected);
    expectSame(await embedder.embedPixels(pixels.slice(0, 7)), expected.slice(0, 7));
    const box = { left: 0.5, top: 0, width: 0.5, height: 1 };
    expect(await embedder.decode(images[0], { box })).toEqual(await real.decode(images[0], { box }));
    await expect(embedder.decode(Buffer.from('text'))).rejects.toMatchObject({ code: 'unsupported-image' });
  });

  it('lets a picture that fails, fail alone', async () => {
    const embedder = create();
    const answers = [pixels[0], pixels[1], bad, pixels[2]].map(picture => embedder.embedPixels([picture]));
    gated.open();
    const [first, second, third, fourth] = await Promise.allSettled(answers);
    expect(third).toMatchObject({ status: 'rejected', reason: { code: 'invalid-model' } });
    for (const [i, answer] of [first, second, fourth].entries()) {
      if (answer.status === 'rejected') throw answer.reason;
      expectSame(answer.value, [expected[i]]);
    }
    expect(sizes()).toEqual([1, 3, 1, 1, 1]);
    // And it goes on afterwards.
    expectSame(await embedder.embedPixels([pixels[5]]), [expected[5]]);
  });

  it('decodes only so many at a time, all of them in the end', async () => {
    const embedder = create({ decodesAtOnce: 3 });
    const decoding = images.map(image => embedder.decode(image));
    expect([gated.decodes, embedder.waiting]).toEqual([3, 17]);
    gated.open();
    expect(await Promise.all(decoding)).toEqual(pixels);
    expect(gated.mostDecodes).toBe(3);
  });

  it('refuses what would have to wait behind too many, decoding and embedding counted together', async () => {
    const embedder = create({ maxWaiting: 4, decodesAtOnce: 1 });
    const accepted: Promise<unknown>[] = [embedder.decode(images[0]), embedder.embedPixels([pixels[0]])];
    expect(embedder.waiting).toBe(0);
    accepted.push(embedder.decode(images[1]), embedder.decode(images[2]));
    accepted.push(embedder.embedPixels([pixels[1]]), embedder.embedPixels([pixels[2]]));
    expect(embedder.waiting).toBe(4);
    await expect(embedder.decode(images[3])).rejects.toMatchObject({ code: 'overloaded' });
    await expect(embedder.embed([images[3]])).rejects.toMatchObject({ code: 'overloaded' });
    gated.open();
    await Promise.all(accepted);
    // Room again; also for more at once than may wait, where nothing does.
    expectSame(await embedder.embed(images), expected);
  });

  it('embeds what is decoded already, however many wait to be', async () => {
    const embedder = create({ maxWaiting: 2, decodesAtOnce: 1 });
    const decoding = images.slice(0, 3).map(image => embedder.decode(image));
    await expect(embedder.decode(images[3])).rejects.toMatchObject({ code: 'overloaded' });
    const embedding = [3, 4].map(i => embedder.embedPixels([pixels[i]]));
    gated.open();
    expectSame((await Promise.all(embedding)).flat(), expected.slice(3, 5));
    expect(await Promise.all(decoding)).toEqual(pixels.slice(0, 3));
  });

  it('drops what has not begun when its signal is aborted, and finishes what has', async () => {
    const embedder = create({ decodesAtOnce: 1 });
    const stopping = new AbortController();
    const { signal } = stopping;
    const begun = [embedder.decode(images[0], { signal }), embedder.embedPixels([pixels[0]], { signal })];
    const dropped = [embedder.decode(images[1], { signal }), embedder.embedPixels([pixels[1]], { signal })];
    const other = embedder.embedPixels([pixels[2]]);
    expect(embedder.waiting).toBe(3);
    stopping.abort();
    expect(embedder.waiting).toBe(1);
    for (const work of dropped) await expect(work).rejects.toMatchObject({ code: 'interrupted' });
    const late = embedder.embedPixels([pixels[3]], { signal });
    await expect(late).rejects.toMatchObject({ code: 'interrupted' });
    gated.open();
    expect(await begun[0]).toEqual(pixels[0]);
    expectSame((await begun[1]) as Float32Array[], [expected[0]]);
    expectSame(await other, [expected[2]]);
    expect(gated.runs.flat()).toEqual([pixels[0], pixels[2]]);
  });

  it('listens to a signal once a line, however many pictures wait with it, and not for ever', async () => {
    const embedder = create({ decodesAtOnce: 1, maxBatch: 1 });
    const { signal } = new AbortController();
    const decoding = Promise.all(images.map(image => embedder.decode(image, { signal })));
    const embedding = embedder.embedPixels(pixels, { signal });
    expect(embedder.waiting).toBe(38);
    expect(getEventListeners(signal, 'abort')).toHaveLength(2);
    gated.open();
    expect(await decoding).toEqual(pixels);
    expectSame(await embedding, expected);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('closes after what was accepted, and refuses what comes then', async () => {
    const embedder = create({ decodesAtOnce: 2 });
    const embedding = embedder.embed(images);
    const closing = embedder.close();
    await expect(embedder.decode(images[0])).rejects.toMatchObject({ code: 'interrupted' });
    await expect(embedder.embedPixels([pixels[0]])).rejects.toMatchObject({ code: 'interrupted' });
    expect(gated.closed).toBe(false);
    gated.open();
    expectSame(await embedding, expected);
    await closing;
    expect(gated.closed).toBe(true);
    await embedder.close();
  });

  it('closes only after a run that nobody waits for any more', async () => {
    const embedder = create({ maxBatch: 1 });
    const stopping = new AbortController();
    const embedding = embedder.embedPixels(pixels.slice(0, 2), { signal: stopping.signal });
    expect([sizes(), embedder.waiting]).toEqual([[1], 1]);
    stopping.abort();
    await expect(embedding).rejects.toMatchObject({ code: 'interrupted' });
    const closing = embedder.close();
    await new Promise(setImmediate);
    expect(gated.closed).toBe(false);
    gated.open();
    await closing;
    expect(gated.closed).toBe(true);
  });

  it('closes only after the decoding that a call began, though the call has failed', async () => {
    const embedder = create({ decodesAtOnce: 1 });
    const embedding = embedder.embed([Buffer.from('text'), images[0], images[1]]);
    const closing = embedder.close();
    gated.open();
    await expect(embedding).rejects.toMatchObject({ code: 'unsupported-image' });
    await closing;
    expect([gated.decodes, embedder.waiting]).toEqual([0, 0]);
  });
});
