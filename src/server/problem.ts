import type { ErrorRequestHandler } from 'express';
import { type ErrorCode, errorCatalogue, MedoidError, understandError } from '../errors.js';

/** The answer to a request that failed: RFC 9457, with a code that stays the same between versions. */
interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  /** The parameter or form field the detail speaks of. */
  readonly field?: string;
  /** Names the request, as the header X-Request-Id and the log do. */
  readonly instance: string;
}

/**
 * What a request can bring about by itself. Only the messages of these reach the client: the others are the
 * server's own trouble and speak of its folders.
 */
export const requestCodes: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  'invalid-request',
  'missing-image',
  'unsupported-media-type',
  'unsupported-image',
  'unreadable-image',
  'image-too-large',
  'payload-too-large',
  'not-found',
  'method-not-allowed',
  'overloaded',
  'timed-out',
  'upload-too-slow',
  'unauthenticated',
  'forbidden',
  'read-only',
  'rate-limited',
  'conflict',
  'out-exists',
  'model-mismatch',
  'invalid-vector',
  'url-not-allowed',
  'fetch-failed',
]);

/** Told to come again, and when (seconds). */
const retryAfter: Partial<Record<ErrorCode, number>> = {
  overloaded: 1,
  'timed-out': 2,
  interrupted: 5,
  'rate-limited': 60,
};

/** What may be said of the server's own trouble beside that it is one. */
const publicDetails: Partial<Record<ErrorCode, string>> = {
  'storage-full':
    'The disk of the server is full: what was sent is not stored. Send it again when something was deleted or room was made.',
};

const ownTrouble = 'The server could not answer. Its log says why, under the id of this request.';

/** Express' router refuses a path such as /%ff with a plain error of this kind. */
const isBadPath = (error: unknown): boolean => error instanceof URIError;

function understand(error: unknown): MedoidError {
  if (isBadPath(error)) {
    return new MedoidError('invalid-request', 'expected a path with valid percent-encoding', {
      cause: error,
    });
  }
  return understandError(error);
}

/** What may be said of a failure that is told inside an answer: of an item among many, of a job. */
export const publicMessage = ({
  code,
  message,
}: {
  readonly code: string;
  readonly message: string;
}): string =>
  requestCodes.has(code as ErrorCode) ? message : (publicDetails[code as ErrorCode] ?? ownTrouble);

function toProblem(error: MedoidError, requestId: string): Problem {
  const { code, field } = error;
  const { title, status } = errorCatalogue[code];
  const own = !requestCodes.has(code);
  return {
    type: `urn:medoid:problem:${code}`,
    title,
    // A missing file is 404 to whoever named it, but no client names the server's files.
    status: own ? Math.max(500, status) : status,
    detail: publicMessage(error),
    code,
    ...(field === undefined || own ? {} : { field }),
    instance: `urn:medoid:request:${requestId}`,
  };
}

/** The one place where a failure becomes an answer. */
export const answerProblem: ErrorRequestHandler = (error, request, response, next) => {
  const understood = understand(error);
  const problem = toProblem(understood, String(request.id));
  if (problem.status >= 500 && retryAfter[problem.code] === undefined)
    request.log.error({ err: error, code: problem.code }, 'request failed');
  else request.log.debug({ code: problem.code, detail: problem.detail }, 'request refused');
  // Half an answer cannot be taken back: Express ends the connection.
  if (response.headersSent) return next(error);
  const seconds = retryAfter[problem.code];
  if (seconds !== undefined && !response.hasHeader('Retry-After'))
    response.set('Retry-After', String(seconds));
  // Of a body that is refused nothing more is read.
  if (!request.complete) response.set('Connection', 'close');
  for (const name of ['ETag', 'Content-Disposition']) response.removeHeader(name);
  response
    .status(problem.status)
    .set('Cache-Control', 'no-store')
    .type('application/problem+json')
    .send(JSON.stringify(problem));
};
