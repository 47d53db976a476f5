import express, { type Express } from 'express';
import { MedoidError } from '../errors.js';
import type { Gallery } from '../gallery/gallery.js';
import { defaultImageLimits } from '../images/limits.js';
import { answerProblem } from './problem.js';
import { createRequestLog, type Log } from './request-log.js';
import { routes } from './routes/index.js';
import { createSecurityHeaders } from './security-headers.js';

export interface AppOptions {
  /** Stays the caller's to close. */
  readonly gallery: Gallery;
  readonly log: Log;
  /** Folder with the built page. */
  readonly webDirectory: string;
  readonly limits?: {
    /** Of one uploaded image. */
    readonly maxImageBytes: number;
  };
}

/** The whole of the HTTP interface, apart from listening. It has no rules of its own: HTTP in, JSON out. */
export function createApp({
  gallery,
  log,
  webDirectory,
  limits = { maxImageBytes: defaultImageLimits.maxBytes },
}: AppOptions): Express {
  const app = express();
  // One value a parameter or a list of them, never nested objects.
  app.set('query parser', 'simple');
  app.set('etag', false);
  app.disable('x-powered-by');
  app.use(createRequestLog(log), createSecurityHeaders(), (_, response, next) => {
    response.set('Cache-Control', 'no-cache');
    next();
  });
  for (const createRoutes of routes) app.use(createRoutes({ gallery, webDirectory, ...limits }));
  app.use(request => {
    throw new MedoidError('not-found', `there is no ${request.path}`);
  });
  app.use(answerProblem);
  return app;
}
