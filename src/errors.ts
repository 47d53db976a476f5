import { storageTrouble } from './storage-trouble.js';

/**
 * The catalogue of everything that can go wrong in a way a user should understand.
 * `status` is the HTTP answer, `exit` the CLI's exit code (1 failure, 2 misuse), `title` is stable text.
 */
export const errorCatalogue = {
  'invalid-option': { status: 400, exit: 2, title: 'An option has a value that is not allowed' },
  'invalid-request': { status: 400, exit: 2, title: 'The request is malformed' },
  'missing-image': { status: 400, exit: 2, title: 'The request carries no image' },
  'unsupported-media-type': { status: 415, exit: 2, title: 'The body is of a kind that is not read' },
  'unsupported-image': { status: 415, exit: 1, title: 'The image is of a kind that is not read' },
  'unreadable-image': { status: 422, exit: 1, title: 'The image is damaged or incomplete' },
  'image-too-large': { status: 413, exit: 1, title: 'The image is larger than allowed' },
  'payload-too-large': { status: 413, exit: 1, title: 'The upload is larger than allowed' },
  unauthenticated: { status: 401, exit: 1, title: 'A key is needed' },
  forbidden: { status: 403, exit: 1, title: 'The request is not allowed' },
  'read-only': { status: 403, exit: 1, title: 'The gallery is open for reading only' },
  'rate-limited': { status: 429, exit: 1, title: 'There were too many requests' },
  'upload-too-slow': { status: 408, exit: 1, title: 'The body came too slowly' },
  'timed-out': { status: 503, exit: 1, title: 'The answer took too long' },
  conflict: { status: 409, exit: 1, title: 'The request does not fit the present state' },
  'url-not-allowed': { status: 403, exit: 1, title: 'The address may not be fetched' },
  'fetch-failed': { status: 422, exit: 1, title: 'The picture could not be fetched' },
  'not-found': { status: 404, exit: 1, title: 'There is nothing of that name' },
  'method-not-allowed': { status: 405, exit: 2, title: 'The method is not allowed here' },
  'file-not-found': { status: 404, exit: 1, title: 'A file or folder does not exist' },
  'file-unusable': { status: 500, exit: 1, title: 'A file or folder cannot be used as it is' },
  'invalid-dataset': { status: 400, exit: 1, title: 'The data set does not have the expected layout' },
  'invalid-model': { status: 500, exit: 1, title: 'The model cannot be used' },
  'model-mismatch': { status: 409, exit: 1, title: 'The model is not the one the vectors were made with' },
  'invalid-vector': { status: 400, exit: 1, title: 'A vector is not usable' },
  'invalid-index': { status: 500, exit: 1, title: 'The vector index cannot be used' },
  'invalid-gallery': { status: 500, exit: 1, title: 'The gallery cannot be used' },
  'invalid-backup': { status: 500, exit: 1, title: 'The backup cannot be used' },
  'gallery-locked': { status: 423, exit: 1, title: 'Another process is writing to the gallery' },
  'run-locked': { status: 423, exit: 1, title: 'Another process is working in the same folder' },
  'invalid-checkpoint': { status: 500, exit: 1, title: 'The checkpoint cannot be continued from' },
  'out-exists': { status: 409, exit: 1, title: 'The output is already there' },
  'training-diverged': { status: 500, exit: 1, title: 'Training left the finite numbers' },
  'engine-unavailable': { status: 500, exit: 1, title: 'The requested training engine is not installed' },
  'server-unusable': {
    status: 502,
    exit: 1,
    title: 'A server cannot be reached, or does not answer as one should',
  },
  'address-in-use': { status: 500, exit: 1, title: 'The port is taken' },
  'storage-full': { status: 507, exit: 1, title: 'There is no room left to store anything' },
  'storage-failed': { status: 500, exit: 1, title: 'What is stored cannot be read or written' },
  'internal-error': { status: 500, exit: 1, title: 'Something unexpected went wrong' },
  overloaded: { status: 503, exit: 1, title: 'There is too much to do at the moment' },
  interrupted: { status: 503, exit: 130, title: 'Stopped on request' },
} as const satisfies Record<string, { status: number; exit: number; title: string }>;

export type ErrorCode = keyof typeof errorCatalogue;

export interface ErrorDetails {
  /** The option, field, file or line the message speaks of. */
  readonly field?: string;
  readonly cause?: unknown;
}

/** The one error class: a stable code, and a message saying what was expected and what came. */
export class MedoidError extends Error {
  readonly code: ErrorCode;
  readonly field: string | undefined;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'MedoidError';
    this.code = code;
    this.field = details.field;
  }
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** What the operating system says of a path that a user named: missing, in the way, … */
const isFileTrouble = (error: unknown): error is NodeJS.ErrnoException & { path: string } =>
  error instanceof Error && 'syscall' in error && 'path' in error && typeof error.path === 'string';

/** What it looked like where the disk was full. */
const isSymptom = ({ code }: MedoidError): boolean =>
  code === 'file-unusable' || code === 'invalid-index' || code === 'invalid-gallery';

/** Every failure as one of the catalogue; what nobody foresaw is `internal-error`. */
export function understandError(error: unknown): MedoidError {
  const trouble = storageTrouble(error);
  if (error instanceof MedoidError) {
    if (trouble !== 'storage-full' || !isSymptom(error)) return error;
    return new MedoidError(trouble, error.message, { cause: error });
  }
  const code = trouble ?? (isFileTrouble(error) ? 'file-unusable' : 'internal-error');
  return new MedoidError(code, messageOf(error), { cause: error });
}
