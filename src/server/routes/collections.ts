import { Router } from 'express';
import { allowOnly } from '../allow-only.js';
import { parseQuery } from '../parameters.js';
import type { RouteParts } from './index.js';

export function createCollectionRoutes({ gallery }: RouteParts): Router {
  const router = Router();
  router
    .route('/v1/collections')
    .get((request, response) => {
      parseQuery(request, {});
      response.json({ collections: gallery.listCollections() });
    })
    .all(allowOnly('GET'));
  router
    .route('/v1/collections/:name')
    .get(async (request, response) => {
      parseQuery(request, {});
      response.json((await gallery.collection(request.params.name)).summary());
    })
    .all(allowOnly('GET'));
  return router;
}
