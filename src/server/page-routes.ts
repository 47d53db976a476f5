import { Router } from 'express';
import { MedoidError } from '../errors.js';
import { allowOnly } from './allow-only.js';

/** Named one by one: nothing else that lies in the folder is ever answered. */
const pageFiles = {
  '/': 'page.html',
  '/page.css': 'page.css',
  '/page.js': 'page.js',
  '/page.js.map': 'page.js.map',
} as const;

const documentFiles = {
  '/docs': 'docs.html',
  '/docs/docs.js': 'docs.js',
  '/docs/docs.css': 'docs.css',
  '/docs/swagger-ui.css': 'swagger-ui.css',
  '/docs/swagger-ui-bundle.js': 'swagger-ui-bundle.js',
} as const;

function createFileRoutes(files: Readonly<Record<string, string>>, root: string): Router {
  const router = Router({ strict: true });
  for (const [path, file] of Object.entries(files)) {
    router
      .route(path)
      .get((request, response, next) => {
        // The files are small and always whole: conditions other than "has it changed?" do not apply to them.
        for (const header of ['if-match', 'if-unmodified-since', 'range']) delete request.headers[header];
        response.sendFile(file, { root, cacheControl: false, acceptRanges: false }, error => {
          if (error === undefined || response.headersSent) return;
          const { code } = error as NodeJS.ErrnoException;
          // The client has gone.
          if (code === 'ECONNABORTED') return;
          next(
            code === 'ENOENT'
              ? new MedoidError('not-found', 'this server was built without the page')
              : error,
          );
        });
      })
      .all(allowOnly('GET'));
  }
  return router;
}

/** The page to search with. @param webDirectory folder with the built pages */
export const createPageRoutes = (webDirectory: string): Router => createFileRoutes(pageFiles, webDirectory);

/** The page with the documentation of the interface. */
export function createDocumentRoutes(webDirectory: string): Router {
  const router = createFileRoutes(documentFiles, webDirectory);
  // From there the page would not find its files.
  router.get('/docs/', (_, response) => response.redirect(308, '../docs'));
  return router;
}
