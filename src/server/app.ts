import express, { type Express } from 'express';
import { MedoidError } from '../errors.js';
import type { Gallery } from '../gallery/gallery.js';
import { type FetchImage, fetchNothing } from '../gallery/image-fetching.js';
import { defaultImageLimits } from '../images/limits.js';
import { createBodyReader } from './body-reader.js';
import { createCrossOrigin } from './cross-origin.js';
import { createGuard, type KeyVerifier } from './guard.js';
import type { Metrics } from './metrics.js';
import { mountRoutes } from './mount-routes.js';
import { createDocumentRoutes, createPageRoutes } from './page-routes.js';
import { answerProblem } from './problem.js';
import { createReadiness, type Readiness } from './readiness.js';
import { createRequestLog, type Log } from './request-log.js';
import { createRoutes } from './routes/index.js';
import { createSecurityHeaders } from './security-headers.js';

export interface AppOptions {
  /** Stays the caller's to close. */
  readonly gallery: Gallery;
  readonly log: Log;
  /** Folder with the built page. */
  readonly webDirectory: string;
  /** Of this program; for the documentation of the interface. */
  readonly version?: string;
  /** Of one uploaded image. */
  readonly maxImageBytes?: number;
  /** Asks for keys; nobody is asked unless given. */
  readonly keys?: KeyVerifier;
  /** Requests a minute of each key, or each address where no keys are asked for; 0 = no limit. */
  readonly rateLimit?: number;
  /** Origins whose pages may use the interface from a browser. */
  readonly corsOrigins?: readonly string[];
  /** Names the server may be called by; any unless given. */
  readonly hosts?: readonly string[];
  /** Proxies in front, whose `X-Forwarded-For` is believed. */
  readonly trustProxy?: number;
  /** From the head of a request to its answer. */
  readonly requestTimeoutMs?: number;
  /** Gets pictures by their addresses; none are fetched unless given. */
  readonly fetchImage?: FetchImage;
  readonly metrics?: Metrics;
  readonly readiness?: Readiness;
  /** Aborted when the server takes leave. */
  readonly stopping?: AbortSignal;
  /** Whether there is a page with the documentation of the interface. */
  readonly docs?: boolean;
}

const defaultRequestTimeoutMs = 30_000;

/** The whole of the HTTP interface, apart from listening. It has no rules of its own: HTTP in, JSON out. */
export function createApp(options: AppOptions): Express {
  const {
    gallery,
    log,
    webDirectory,
    metrics,
    trustProxy = 0,
    corsOrigins = [],
    hosts,
    docs = true,
  } = options;
  const { maxImageBytes = defaultImageLimits.maxBytes, fetchImage = fetchNothing, version = '0' } = options;
  const { stopping = new AbortController().signal, keys, rateLimit = 0 } = options;
  const readiness = options.readiness ?? createReadiness(gallery, stopping);
  const app = express();
  // One value a parameter or a list of them, never nested objects.
  app.set('query parser', 'simple');
  app.set('etag', false);
  app.set('trust proxy', trustProxy);
  app.disable('x-powered-by');
  app.use(createRequestLog(log), createSecurityHeaders(), (_, response, next) => {
    response.set('Cache-Control', 'no-cache');
    next();
  });
  app.use(...createCrossOrigin({ origins: corsOrigins, ...(hosts === undefined ? {} : { hosts }) }));
  app.use(
    mountRoutes(
      createRoutes({
        gallery,
        maxImageBytes,
        fetchImage,
        metrics,
        readiness,
        guarded: keys !== undefined,
        version,
      }),
      {
        readBody: createBodyReader({ maxImageBytes }),
        requestTimeoutMs: options.requestTimeoutMs ?? defaultRequestTimeoutMs,
        stopping,
        guard: createGuard({ rateLimit, ...(keys === undefined ? {} : { keys }) }),
        observe: (...request) => metrics?.observeRequest(...request),
      },
    ),
    createPageRoutes(webDirectory),
  );
  if (docs) app.use(createDocumentRoutes(webDirectory));
  app.use(request => {
    throw new MedoidError('not-found', `there is no ${request.path}`);
  });
  app.use(answerProblem);
  return app;
}
