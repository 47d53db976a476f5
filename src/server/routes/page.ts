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
      .get((request, response, next) => {
        // The page is small and always whole: conditions other than "has it changed?" do not apply to it.
        for (const header of ['if-match', 'if-unmodified-since', 'range']) delete request.headers[header];
        response.sendFile(file, { root: webDirectory, cacheControl: false, acceptRanges: false }, error => {
          if (error === undefined || response.headersSent) return;
          const missing = (error as NodeJS.ErrnoException).code === 'ENOENT';
          next(missing ? new MedoidError('not-found', 'this server was built without the page') : error);
        });
      })
      .all(allowOnly('GET'));
  }
  return router;
}
