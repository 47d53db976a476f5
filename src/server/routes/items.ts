import pLimit from 'p-limit';
import {
  addItems,
  deleteItem,
  deleteItems,
  getItem,
  getItemImage,
  getItemThumbnail,
  listItems,
  updateItem,
} from '../../api/operations/items.js';
import { mostItemsAtOnce } from '../../api/schemas/item.js';
import { compileItemFilter } from '../../catalog/compile-item-filter.js';
import { MedoidError } from '../../errors.js';
import type { Collection } from '../../gallery/collection.js';
import type { AddOutcome, NewItem } from '../../gallery/item.js';
import type { StagedImage } from '../../gallery/stage-image.js';
import { answerBytes } from '../answer-bytes.js';
import { answerJob } from '../answer-job.js';
import { readImageInJson } from '../image-in-json.js';
import { keyOfBytes, type RequestedItem, readNewItems } from '../new-items.js';
import { publicMessage } from '../problem.js';
import { type Answer, type Call, type Route, route } from '../route.js';
import type { RouteParts } from './index.js';

const fetchedAtOnce = 8;

/** RFC 7240. */
const prefersAsync = (header: string | string[] = ''): boolean =>
  /(^|[\s,;])respond-async($|[\s,;])/i.test(String(header));

type Failure = Extract<AddOutcome, { status: 'failed' }>;

/** Gets the bytes of each; one that cannot be had fails alone. */
async function readImages(
  items: readonly RequestedItem[],
  signal: AbortSignal,
  parts: RouteParts,
): Promise<(NewItem | Failure)[]> {
  const inTurn = pLimit(fetchedAtOnce);
  const read = async ({ key, label, metadata, image }: RequestedItem): Promise<NewItem | Failure> => {
    try {
      const bytes = Buffer.isBuffer(image) ? image : await readImageInJson(image, { ...parts, signal });
      return { key: key ?? keyOfBytes(bytes), label, metadata, image: bytes };
    } catch (error) {
      if (!(error instanceof MedoidError) || error.code === 'interrupted') throw error;
      const shown = key ?? (!Buffer.isBuffer(image) && 'url' in image ? image.url : '');
      return { key: shown, status: 'failed', code: error.code, message: error.message };
    }
  };
  return Promise.all(items.map(item => inTurn(() => read(item))));
}

async function addNow(
  collection: Collection,
  items: readonly (NewItem | Failure)[],
  signal: AbortSignal,
): Promise<Answer> {
  const good = items.filter((item): item is NewItem => !('status' in item));
  const added = await collection.add(good, signal);
  const outcomes = items.map(item => ('status' in item ? item : added[good.indexOf(item)]));
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

/** Stores the pictures that came with the request, and leaves everything else to a job. */
async function addLater(
  collection: Collection,
  items: readonly RequestedItem[],
  { signal, parts }: { readonly signal: AbortSignal; readonly parts: RouteParts },
): Promise<Answer> {
  const held: StagedImage[] = [];
  const stage = async ({ key, label, metadata, image }: RequestedItem): Promise<unknown> => {
    if (!Buffer.isBuffer(image) && 'url' in image)
      return { key: key ?? image.url, label, metadata, url: image.url };
    const bytes = Buffer.isBuffer(image) ? image : await readImageInJson(image, { ...parts, signal });
    const staged = await collection.stageImage(bytes);
    held.push(staged);
    return { key: key ?? keyOfBytes(bytes), label, metadata, imageSha256: staged.imageSha256 };
  };
  try {
    const staged: unknown[] = [];
    // One after another: each is on disk before the next is taken out of its base64.
    for (const item of items) {
      staged.push(await stage(item));
      // Whoever was told that it took too long is not to find a job afterwards.
      signal.throwIfAborted();
    }
    return answerJob(parts.gallery.jobs.start('add-items', collection.name, { items: staged }));
  } finally {
    // From now on it is the job that holds them, or nobody.
    for (const { release } of held) await release();
  }
}

async function add(call: Call<typeof addItems>, parts: RouteParts): Promise<Answer> {
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
  return addNow(collection, await readImages(items, signal, parts), signal);
}

async function remove(
  { params, readJson }: Call<typeof deleteItems>,
  { gallery }: RouteParts,
): Promise<Answer> {
  const collection = await gallery.collection(params.name);
  const which = await readJson();
  if ('ids' in which) return { json: await collection.removeItems(which.ids) };
  if ('keys' in which) return { json: await collection.removeByKeys(which.keys) };
  return { json: await collection.removeMatching(compileItemFilter(which.filter)) };
}

/** What a client takes best of what there is; JPEG when it does not care. */
function chooseFormat(call: Call<typeof getItemImage>): 'jpeg' | 'webp' | 'png' {
  const accepted = call.request.accepts(['image/jpeg', 'image/webp', 'image/png']);
  if (accepted === 'image/webp') return 'webp';
  return accepted === 'image/png' ? 'png' : 'jpeg';
}

export const createItemRoutes = (parts: RouteParts): Route[] => {
  const { gallery } = parts;
  return [
    route(listItems, async ({ params, query: { limit, after, key, filter } }) => {
      const collection = await gallery.collection(params.name);
      const conditions = [
        ...(key === undefined ? [] : [{ field: 'key' as const, equals: key }]),
        ...(filter === undefined ? [] : [filter]),
      ];
      const where = conditions.length === 0 ? {} : { where: compileItemFilter({ and: conditions }) };
      return { json: collection.listItems({ afterId: after, limit, ...where }) };
    }),
    route(addItems, call => add(call, parts)),
    route(deleteItems, call => remove(call, parts)),
    route(getItem, async ({ params }) => ({
      json: (await gallery.collection(params.name)).getItem(params.id),
    })),
    route(updateItem, async ({ params, readJson }) => {
      const collection = await gallery.collection(params.name);
      return { json: await collection.updateItem(params.id, await readJson()) };
    }),
    route(deleteItem, async ({ params: { name, id } }) => {
      const { removed } = await (await gallery.collection(name)).removeItems([id]);
      if (removed === 1) return { status: 204 };
      throw new MedoidError('not-found', `${name} has no item ${id}`);
    }),
    route(getItemImage, async call => {
      const { name, id } = call.params;
      const collection = await gallery.collection(name);
      const format = chooseFormat(call);
      return answerBytes(call.request, call.response, {
        tag: `${collection.getItem(id).imageSha256}-${format}`,
        type: `image/${format}`,
        filename: `item-${id}.${format}`,
        read: () => collection.renderImage(id, { format }),
      });
    }),
    route(getItemThumbnail, async ({ params: { name, id }, query: { side }, request, response }) => {
      const collection = await gallery.collection(name);
      const format = request.accepts(['image/jpeg', 'image/webp']) === 'image/webp' ? 'webp' : 'jpeg';
      return answerBytes(request, response, {
        tag: `${collection.getItem(id).imageSha256}-${side}-${format}`,
        type: `image/${format}`,
        filename: `item-${id}-${side}.${format}`,
        read: () => collection.renderImage(id, { side, format }),
      });
    }),
  ];
};
