import { Router } from 'express';
import { allowOnly } from '../allow-only.js';
import { parseQuery } from '../parameters.js';
import type { RouteParts } from './index.js';

export function createHealthRoutes({ gallery }: RouteParts): Router {
  const router = Router();
  router
    .route('/healthz')
    .get((request, response) => {
      parseQuery(request, {});
      response.json({ status: 'ok', collections: gallery.listCollections().length });
    })
    .all(allowOnly('GET'));
  return router;
}
