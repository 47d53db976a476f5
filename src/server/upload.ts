import { type Request, type Response, raw } from 'express';
import multer from 'multer';
import { MedoidError, messageOf } from '../errors.js';

/** Reads the image a request carries. @throws MedoidError saying what was expected and what came */
export type ReadImage = (request: Request, response: Response) => Promise<Buffer>;

const imageField = 'image';
const expectedKinds =
  `expected multipart/form-data with the image as a file in the field "${imageField}", ` +
  'or the image itself as image/* or application/octet-stream';

/** Of all uploads that are being read at a time. */
const maxBytesUnderWay = 512 * 1024 * 1024;
const formFrameBytes = 64 * 1024;

const malformed = (error: unknown): MedoidError =>
  new MedoidError('invalid-request', `the upload cannot be read: ${messageOf(error)}`, { cause: error });

const tooLarge = (maxBytes: number): MedoidError =>
  new MedoidError('payload-too-large', `expected an image of at most ${maxBytes} bytes`, {
    field: imageField,
  });

const unexpectedField = (name: string | undefined): MedoidError =>
  new MedoidError(
    'invalid-request',
    `expected one file in the field "${imageField}", got a field ${JSON.stringify(name)}`,
    name === undefined ? {} : { field: name },
  );

type Middleware = (request: Request, response: Response, next: (error?: unknown) => void) => void;

/** Multer calls back a second time when the connection closes after an error; a promise takes the first. */
const runMiddleware = (middleware: Middleware, request: Request, response: Response): Promise<void> =>
  new Promise((resolve, reject) => {
    middleware(request, response, error => (error === undefined ? resolve() : reject(error)));
  });

function explainForm(error: unknown, maxBytes: number): MedoidError {
  if (!(error instanceof multer.MulterError)) return malformed(error);
  switch (error.code) {
    case 'LIMIT_FILE_SIZE':
      return tooLarge(maxBytes);
    case 'LIMIT_FILE_COUNT':
      return new MedoidError('invalid-request', 'expected one file, got several', { field: imageField });
    case 'LIMIT_UNEXPECTED_FILE':
      return unexpectedField(error.field);
    default:
      return malformed(error);
  }
}

function createFormReader(maxBytes: number): ReadImage {
  const limits = { fileSize: maxBytes, files: 1, fields: 8, parts: 9, fieldSize: 1024, fieldNameSize: 100 };
  const form = multer({
    storage: multer.memoryStorage(),
    limits: { ...limits, headerPairs: 32, fieldNestingDepth: 0, fieldArrayIndexLimit: 0 },
  }).single(imageField);
  return async (request, response) => {
    try {
      await runMiddleware(form as Middleware, request, response);
    } catch (error) {
      throw explainForm(error, maxBytes);
    }
    const [text] = Object.keys(request.body ?? {});
    if (text === imageField) {
      throw new MedoidError('missing-image', `expected the field "${imageField}" as a file, got it as text`, {
        field: imageField,
      });
    }
    if (text !== undefined) throw unexpectedField(text);
    if (request.file !== undefined) return request.file.buffer;
    // Nothing at all was found of a form: multer did not take the Content-Type for one.
    if (request.body === undefined) {
      throw malformed(
        new Error(`expected a boundary in Content-Type, got ${request.headers['content-type']}`),
      );
    }
    throw new MedoidError('missing-image', `the form has no file in the field "${imageField}"`, {
      field: imageField,
    });
  };
}

const explainRaw = (error: unknown, maxBytes: number): MedoidError =>
  (error as { type?: unknown }).type === 'entity.too.large' ? tooLarge(maxBytes) : malformed(error);

function createRawReader(maxBytes: number): ReadImage {
  const body = raw({ type: () => true, limit: maxBytes, inflate: false });
  return async (request, response) => {
    try {
      await runMiddleware(body as Middleware, request, response);
    } catch (error) {
      throw explainRaw(error, maxBytes);
    }
    // A client that has gone away while it was asking leaves nothing.
    return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
  };
}

/** Bytes that may be in memory for one request: what it says, or the most there can be. */
function requireRoom(request: Request, maxBytes: number): number {
  const declared = Number(request.headers['content-length'] ?? Number.NaN);
  if ((request.headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new MedoidError('unsupported-media-type', 'expected a body without Content-Encoding');
  }
  // A form may be as much longer as its frame is.
  if (declared > maxBytes + formFrameBytes) throw tooLarge(maxBytes);
  return Number.isFinite(declared) ? declared : maxBytes;
}

export function createImageReader({ maxBytes }: { readonly maxBytes: number }): ReadImage {
  const readForm = createFormReader(maxBytes);
  const readRaw = createRawReader(maxBytes);
  let bytesUnderWay = 0;

  const chooseReader = (request: Request): ReadImage => {
    const { 'content-type': type, 'content-length': length } = request.headers;
    const kind = request.is(['multipart/form-data', 'image/*', 'application/octet-stream']);
    // Without a body there is no kind of body to refuse.
    if (kind === null || length === '0') {
      throw new MedoidError('missing-image', `${expectedKinds}, got no body`);
    }
    if (kind === false) {
      throw new MedoidError('unsupported-media-type', `${expectedKinds}, got ${type ?? 'no Content-Type'}`);
    }
    return kind === 'multipart/form-data' ? readForm : readRaw;
  };

  return async (request, response) => {
    const read = chooseReader(request);
    const room = requireRoom(request, maxBytes);
    if (bytesUnderWay > 0 && bytesUnderWay + room > maxBytesUnderWay) {
      throw new MedoidError('overloaded', 'expected room for another upload, got many at once: try again');
    }
    bytesUnderWay += room;
    try {
      const image = await read(request, response);
      if (image.length > 0) return image;
      throw new MedoidError('missing-image', 'expected an image, got 0 bytes', { field: imageField });
    } finally {
      bytesUnderWay -= room;
    }
  };
}
