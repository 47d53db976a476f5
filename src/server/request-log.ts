import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import { pinoHttp } from 'pino-http';
import type { createLog } from '../log.js';
import { callerOf } from './guard.js';

export type Log = ReturnType<typeof createLog>;

/** What an id from outside may be, so that it can be logged and answered as it is. */
const safeId = /^[\w.-]{1,64}$/;

/** Gives every request an id, answers it as X-Request-Id, and logs one line a request. */
export const createRequestLog = (log: Log): RequestHandler =>
  pinoHttp({
    logger: log,
    genReqId: (request, response) => {
      const given = request.headers['x-request-id'];
      const id = typeof given === 'string' && safeId.test(given) ? given : randomUUID();
      response.setHeader('X-Request-Id', id);
      return id;
    },
    customLogLevel: (_, response, error) =>
      error !== undefined || response.statusCode >= 500 ? 'error' : 'info',
    // Headers stay out of the log: they may carry secrets of whatever stands in front.
    serializers: {
      req: ({ id, method, url }) => ({ id, method, url }),
      res: ({ statusCode }) => ({ statusCode }),
    },
    // Nobody is known yet when the request begins.
    customProps: request => {
      const keyId = callerOf(request);
      return keyId === undefined ? {} : { keyId };
    },
    // The failure itself has been logged by `answerProblem`.
    customErrorObject: (_request, _response, _error, { err: _, ...line }) => line,
  });
