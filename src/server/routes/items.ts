import { type Request, type Response, Router } from 'express';
import { allowOnly } from '../allow-only.js';
import { parseItemId, parseQuery, wholeNumber } from '../parameters.js';
import { storedBytesPolicy } from '../security-headers.js';
import type { RouteParts } from './index.js';

const pageParameters = {
  limit: wholeNumber({ min: 1, max: 200 }).default(50),
  after: wholeNumber({ min: 0, max: Number.MAX_SAFE_INTEGER }).default(0),
};

const thumbnailParameters = { side: wholeNumber({ min: 32, max: 512 }).default(192) };

interface StoredBytes {
  /** Names these very bytes. */
  readonly tag: string;
  readonly type: string;
  readonly filename: string;
  read(): Promise<Buffer>;
}

/** Answers 304, without reading anything, to a client that has the same bytes already. */
async function answerBytes(
  request: Request,
  response: Response,
  { tag, type, filename, read }: StoredBytes,
): Promise<void> {
  // An item may get another image: caches keep the bytes, but ask each time whether they still hold.
  response.set({ ETag: `"${tag}"`, 'Cache-Control': 'private, no-cache' });
  if (request.fresh) {
    response.status(304).end();
    return;
  }
  const bytes = await read();
  response
    .set({
      'Content-Type': type,
      'Content-Disposition': `inline; filename="${filename}"`,
      'Content-Security-Policy': storedBytesPolicy,
    })
    .send(bytes);
}

export function createItemRoutes({ gallery }: RouteParts): Router {
  const router = Router();
  router
    .route('/v1/collections/:name/items')
    .get(async (request, response) => {
      const { limit, after } = parseQuery(request, pageParameters);
      const collection = await gallery.collection(request.params.name);
      response.json(collection.listItems({ afterId: after, limit }));
    })
    .all(allowOnly('GET'));
  router
    .route('/v1/collections/:name/items/:id')
    .get(async (request, response) => {
      parseQuery(request, {});
      const id = parseItemId(request.params.id);
      response.json((await gallery.collection(request.params.name)).getItem(id));
    })
    .all(allowOnly('GET'));
  router
    .route('/v1/collections/:name/items/:id/image')
    .get(async (request, response) => {
      parseQuery(request, {});
      const id = parseItemId(request.params.id);
      const collection = await gallery.collection(request.params.name);
      const { imageSha256, format } = collection.getItem(id);
      await answerBytes(request, response, {
        tag: imageSha256,
        type: `image/${format}`,
        filename: `item-${id}.${format}`,
        read: async () => (await collection.readImage(id)).bytes,
      });
    })
    .all(allowOnly('GET'));
  router
    .route('/v1/collections/:name/items/:id/thumbnail')
    .get(async (request, response) => {
      const { side } = parseQuery(request, thumbnailParameters);
      const id = parseItemId(request.params.id);
      const collection = await gallery.collection(request.params.name);
      const { imageSha256 } = collection.getItem(id);
      const format = request.accepts(['image/jpeg', 'image/webp']) === 'image/webp' ? 'webp' : 'jpeg';
      response.vary('Accept');
      await answerBytes(request, response, {
        tag: `${imageSha256}-${side}-${format}`,
        type: `image/${format}`,
        filename: `item-${id}-${side}.${format}`,
        read: () => collection.createThumbnail(id, { side, format }),
      });
    })
    .all(allowOnly('GET'));
  return router;
}
