import pLimit from 'p-limit';
import type { addItems } from '../api/operations/items.js';
import { mostItemsAtOnce } from '../api/schemas/item.js';
import { MedoidError } from '../errors.js';
import type { Collection } from '../gallery/collection.js';
import type { AddOutcome, NewItem } from '../gallery/item.js';
import type { StagedImage } from '../gallery/stage-image.js';
import { inBatches } from '../work-ahead.js';
import { answerJob } from './answer-job.js';
import { type ImageInJson, readImageInJson } from './image-in-json.js';
import { keyOfBytes, type RequestedItem, readNewItems } from './new-items.js';
import { publicMessage } from './problem.js';
import type { Answer, Call } from './route.js';
import type { RouteParts } from './routes/index.js';

const fetchedAtOnce = 8;
const stagedAtOnce = 8;

/** RFC 7240. */
const prefersAsync = (header: string | string[] = ''): boolean =>
  /(^|[\s,;])respond-async($|[\s,;])/i.test(String(header));

type Failure = Extract<AddOutcome, { status: 'failed' }>;

const isToBeFetched = (image: RequestedItem['image']): image is Extract<ImageInJson, { url: string }> =>
  !Buffer.isBuffer(image) && 'url' in image;

type Tools = { readonly signal: AbortSignal; readonly parts: RouteParts };

const bytesOf = async (image: RequestedItem['image'], { signal, parts }: Tools): Promise<Uint8Array> =>
  Buffer.isBuffer(image) ? image : readImageInJson(image, { ...parts, signal });

/** Gets the bytes of each; one that cannot be had fails alone. */
async function readImages(items: readonly RequestedItem[], tools: Tools): Promise<(NewItem | Failure)[]> {
  const inTurn = pLimit(fetchedAtOnce);
  const read = async ({ key, label, metadata, image }: RequestedItem): Promise<NewItem | Failure> => {
    try {
      const bytes = await bytesOf(image, tools);
      return { key: key ?? keyOfBytes(bytes), label, metadata, image: bytes };
    } catch (error) {
      if (!(error instanceof MedoidError) || error.code === 'interrupted') throw error;
      const shown = key ?? (isToBeFetched(image) ? image.url : '');
      return { key: shown, status: 'failed', code: error.code, message: error.message };
    }
  };
  return Promise.all(items.map(item => inTurn(() => read(item))));
}

/** Pictures that are to be fetched are taken few at a time, so that few are in memory. */
const groupsOf = (items: readonly RequestedItem[]): RequestedItem[][] =>
  inBatches(items, items.some(({ image }) => isToBeFetched(image)) ? fetchedAtOnce : items.length);

async function addGroup(
  collection: Collection,
  items: readonly (NewItem | Failure)[],
  signal: AbortSignal,
): Promise<AddOutcome[]> {
  const good = items.filter((item): item is NewItem => !('status' in item));
  const added = await collection.add(good, signal);
  return items.map(item => ('status' in item ? item : added[good.indexOf(item)]));
}

async function addNow(
  collection: Collection,
  items: readonly RequestedItem[],
  tools: Tools,
): Promise<Answer> {
  const outcomes: AddOutcome[] = [];
  for (const group of groupsOf(items)) {
    outcomes.push(...(await addGroup(collection, await readImages(group, tools), tools.signal)));
  }
  const refused = outcomes.find(outcome => outcome.status === 'failed' && outcome.code === 'overloaded');
  // To be sent again as a whole: what was added already is then unchanged.
  if (refused?.status === 'failed') throw new MedoidError(refused.code, refused.message);
  const [first, ...others] = outcomes;
  if (others.length === 0 && first.status === 'failed') throw new MedoidError(first.code, first.message);
  const shown = outcomes.map(outcome =>
    outcome.status === 'failed' ? { ...outcome, message: publicMessage(outcome) } : outcome,
  );
  return { json: { outcomes: shown } };
}

/** Says which item of a request an error is of. */
function ofItem(error: unknown, i: number): unknown {
  if (!(error instanceof MedoidError)) return error;
  const { code, message, cause } = error;
  return new MedoidError(code, `items.${i}: ${message}`, { field: `items.${i}`, cause });
}

/** Stores the pictures that came with the request, and leaves everything else to a job. */
async function addLater(
  collection: Collection,
  items: readonly RequestedItem[],
  tools: Tools,
): Promise<Answer> {
  const { signal, parts } = tools;
  const held: StagedImage[] = [];
  const stage = async ({ key, label, metadata, image }: RequestedItem): Promise<unknown> => {
    if (isToBeFetched(image)) {
      if (key !== undefined) return { key, label, metadata, url: image.url };
      throw new MedoidError(
        'invalid-request',
        'expected a key for a picture that a job is to fetch, got none',
      );
    }
    const bytes = await bytesOf(image, tools);
    const staged = await collection.stageImage(bytes);
    held.push(staged);
    return { key: key ?? keyOfBytes(bytes), label, metadata, imageSha256: staged.imageSha256 };
  };
  try {
    const staged: unknown[] = [];
    // Few at a time are taken out of their base64 and put on disk.
    for (const group of inBatches([...items.entries()], stagedAtOnce)) {
      const ready = group.map(([i, item]) => stage(item).catch(error => Promise.reject(ofItem(error, i))));
      await Promise.allSettled(ready);
      staged.push(...(await Promise.all(ready)));
      // Whoever was told that it took too long is not to find a job afterwards.
      signal.throwIfAborted();
    }
    return answerJob(parts.gallery.jobs.start('add-items', collection.name, { items: staged }));
  } finally {
    // From now on it is the job that holds them, or nobody.
    for (const { release } of held) await release();
  }
}

/** Adds the pictures of a request, now or by a job, as it prefers. */
export async function addPictures(call: Call<typeof addItems>, parts: RouteParts): Promise<Answer> {
  const { params, query, request, signal, readBody } = call;
  const collection = await parts.gallery.collection(params.name);
  collection.requireWriting();
  const items = readNewItems(await readBody(), query);
  if (prefersAsync(request.headers.prefer)) return addLater(collection, items, { signal, parts });
  if (items.length > mostItemsAtOnce) {
    throw new MedoidError(
      'invalid-request',
      `items: expected at most ${mostItemsAtOnce} without the header "Prefer: respond-async", got ${items.length}`,
      { field: 'items' },
    );
  }
  return addNow(collection, items, { signal, parts });
}
