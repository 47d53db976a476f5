import { Router } from 'express';
import { MedoidError } from '../../errors.js';
import { allowOnly } from '../allow-only.js';
import type { RouteParts } from './index.js';

/** Named one by one: nothing else that lies in the folder is ever answered. */
const files = {
  '/': 'page.html',
  '/page.css': 'page.css',
  '/page.js': 'page.js',
  '/page.js.map': 'page.js.map',
} as const;

export function createPageRoutes({ webDirectory }: RouteParts): Router {
  const router = Router();
  for (const [path, file] of Object.entries(files)) {
    router
      .route(path)
      .get((_, response, next) => {
        response.sendFile(file, { root: webDirectory, cacheControl: false }, error => {
          if (error === undefined || response.headersSent) return;
          const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
          next(missing ? new MedoidError('not-found', 'this server was built without the page') : error);
        });
      })
      .all(allowOnly('GET'));
  }
  return router;
}
