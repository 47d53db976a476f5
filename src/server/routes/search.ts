import { Router } from 'express';
import { allowOnly } from '../allow-only.js';
import { parseQuery, wholeNumber, yesOrNo } from '../parameters.js';
import { createImageReader } from '../upload.js';
import type { RouteParts } from './index.js';

const parameters = {
  k: wholeNumber({ min: 1, max: 1000 }).default(10),
  exact: yesOrNo.default(false),
};

export function createSearchRoutes({ gallery, maxImageBytes }: RouteParts): Router {
  const readImage = createImageReader({ maxBytes: maxImageBytes });
  const router = Router();
  router
    .route('/v1/collections/:name/search')
    .post(async (request, response) => {
      // Before the upload, so that a request that is wrong anyway is told so.
      const { k, exact } = parseQuery(request, parameters);
      const collection = await gallery.collection(request.params.name);
      const image = await readImage(request, response);
      response.json(await collection.search(image, { k, exact }));
    })
    .all(allowOnly('POST'));
  return router;
}
