import type { IncomingMessage } from 'node:http';
import { type Request, type RequestHandler, type Response, raw } from 'express';
import multer, { type StorageEngine } from 'multer';
import type { BodyDescription, Operation, UploadDescription } from '../api/operation.js';
import { MedoidError, messageOf } from '../errors.js';
import { createBodyBudget } from './body-budget.js';
import { parse, parseJson } from './parse-request.js';
import type { Body, UploadedFile } from './route.js';

/** A request whose body is to be read. */
export interface Incoming {
  readonly request: Request;
  readonly response: Response;
  /** Aborted when nobody waits for the answer any longer. */
  readonly signal: AbortSignal;
  /** Resolved when the request has been dealt with: until then what was read of it is in memory. */
  readonly done: Promise<void>;
}

/** @throws MedoidError saying what was expected and what came */
export type ReadBody = (operation: Operation, incoming: Incoming) => Promise<Body<unknown>>;

const imageField = 'image';
/** Of JSON without pictures. */
const maxTextBytes = 4 * 1024 * 1024;
/** Of a body with several pictures, in largest pictures. */
const picturesInOne = 4;
const formFrameBytes = 64 * 1024;
/** What is said of as many pictures as a form may have. */
const maxFieldBytes = 5 * 1024 * 1024;
/** What JSON becomes is several times as large as its text. */
const weightOfJson = 4;

const malformed = (error: unknown): MedoidError =>
  new MedoidError('invalid-request', `the upload cannot be read: ${messageOf(error)}`, { cause: error });

const tooLarge = (what: string, maxBytes: number): MedoidError =>
  new MedoidError('payload-too-large', `expected ${what} of at most ${maxBytes} bytes`);

const imageTooLarge = (maxBytes: number): MedoidError =>
  new MedoidError('payload-too-large', `expected an image of at most ${maxBytes} bytes`, {
    field: imageField,
  });

const missingImage = (message: string): MedoidError =>
  new MedoidError('missing-image', message, { field: imageField });

const unexpectedField = (name: string | undefined): MedoidError =>
  new MedoidError(
    'invalid-request',
    `expected files in the field "${imageField}", got a field ${JSON.stringify(name)}`,
    name === undefined ? {} : { field: name },
  );

/** Multer calls back a second time when the connection closes after an error; a promise takes the first. */
const runMiddleware = (middleware: RequestHandler, request: Request, response: Response): Promise<void> =>
  new Promise((resolve, reject) => {
    middleware(request, response, error => (error === undefined ? resolve() : reject(error)));
  });

/** Files in memory, of one request together no more than `maxBytes`. */
function createBoundedStorage(maxBytes: number): StorageEngine {
  const received = new WeakMap<IncomingMessage, number>();
  return {
    _handleFile(request, file, callback) {
      const chunks: Buffer[] = [];
      file.stream.on('data', (chunk: Buffer) => {
        const total = (received.get(request) ?? 0) + chunk.length;
        received.set(request, total);
        if (total > maxBytes) {
          chunks.length = 0;
          callback(tooLarge('images', maxBytes));
        } else chunks.push(chunk);
      });
      file.stream.on('error', callback);
      file.stream.on('end', () => callback(null, { buffer: Buffer.concat(chunks) }));
    },
    _removeFile(_request, file, callback) {
      (file as Partial<Express.Multer.File>).buffer = undefined as never;
      callback(null);
    },
  };
}

interface Limits {
  /** Of one picture. */
  readonly maxImageBytes: number;
}

function explainForm(error: unknown, { mostFiles }: UploadDescription, maxBytes: number): MedoidError {
  if (error instanceof MedoidError) return error;
  if (!(error instanceof multer.MulterError)) return malformed(error);
  switch (error.code) {
    case 'LIMIT_FILE_SIZE':
      return imageTooLarge(maxBytes);
    case 'LIMIT_FILE_COUNT':
      return new MedoidError('invalid-request', `expected at most ${mostFiles} files, got more`, {
        field: imageField,
      });
    case 'LIMIT_UNEXPECTED_FILE':
      return error.field === imageField
        ? explainForm(new multer.MulterError('LIMIT_FILE_COUNT'), { mostFiles }, maxBytes)
        : unexpectedField(error.field);
    default:
      return malformed(error);
  }
}

function createForm({ mostFiles }: UploadDescription, { maxImageBytes }: Limits): RequestHandler {
  const counts = { files: mostFiles, fields: 8, parts: mostFiles + 8 };
  const sizes = { fileSize: maxImageBytes, fieldSize: maxFieldBytes, fieldNameSize: 100, headerPairs: 32 };
  return multer({
    storage: createBoundedStorage(maxImageBytes * picturesInOne),
    // As browsers and curl send the names of files.
    defParamCharset: 'utf8',
    limits: { ...counts, ...sizes, fieldNestingDepth: 0, fieldArrayIndexLimit: 0 },
  }).array(imageField, mostFiles);
}

/** The text fields of a form, of which only known ones may be there, each once. */
function readFields(request: Request, { fields = {} }: UploadDescription): Record<string, string> {
  const given = Object.entries((request.body ?? {}) as Record<string, unknown>);
  for (const [name, value] of given) {
    if (name === imageField)
      throw missingImage(`expected the field "${imageField}" as a file, got it as text`);
    if (!Object.hasOwn(fields, name)) throw unexpectedField(name);
    if (typeof value !== 'string') {
      throw new MedoidError('invalid-request', `${name}: expected it once`, { field: name });
    }
  }
  return Object.fromEntries(given) as Record<string, string>;
}

async function readForm(
  form: RequestHandler,
  upload: UploadDescription,
  { request, response, maxImageBytes }: { request: Request; response: Response } & Limits,
): Promise<Body<never>> {
  try {
    await runMiddleware(form, request, response);
  } catch (error) {
    throw explainForm(error, upload, maxImageBytes);
  }
  // Nothing at all was found of a form: multer did not take the Content-Type for one.
  if (request.body === undefined) {
    throw malformed(new Error(`expected a boundary in Content-Type, got ${request.headers['content-type']}`));
  }
  const fields = readFields(request, upload);
  const files = ((request.files ?? []) as Express.Multer.File[]).map(
    ({ buffer, originalname }): UploadedFile => ({ bytes: buffer, name: originalname }),
  );
  if (files.length === 0) throw missingImage(`the form has no file in the field "${imageField}"`);
  return { kind: 'upload', files, fields };
}

/** How large a body may be. */
interface Reach {
  readonly maxBytes: number;
  /** Made only for a body that is larger: to make an error takes longer than to read a small body. */
  readonly refuse: () => MedoidError;
}

async function readRaw(request: Request, response: Response, limit: Reach): Promise<Buffer> {
  try {
    await runMiddleware(raw({ type: () => true, limit: limit.maxBytes, inflate: false }), request, response);
  } catch (error) {
    throw (error as { type?: unknown }).type === 'entity.too.large' ? limit.refuse() : malformed(error);
  }
  // A client that has gone away while it was asking leaves nothing.
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
}

/** A change of metadata is a merge patch (RFC 7396), and may be called so. */
const jsonTypes = ['application/json', 'application/merge-patch+json'];

type Kind = 'json' | 'form' | 'picture';

/** What an operation takes, in words. */
function describeKinds({ json, upload }: BodyDescription): string {
  const kinds = [
    ...(json === undefined ? [] : ['JSON as application/json']),
    ...(upload === undefined
      ? []
      : [
          `multipart/form-data with the image as a file in the field "${imageField}"`,
          'the image itself as image/* or application/octet-stream',
        ]),
  ];
  return kinds.join(', or ');
}

/** @throws MedoidError when the body is of no kind that the operation takes */
function kindOf(request: Request, { body = {} }: Operation): Kind {
  const { 'content-type': type, 'content-length': length } = request.headers;
  const known = [
    ...(body.json === undefined ? [] : jsonTypes),
    ...(body.upload === undefined ? [] : ['multipart/form-data', 'image/*', 'application/octet-stream']),
  ];
  const kind = request.is(known);
  // Without a body there is no kind of body to refuse.
  if (kind === null || length === '0') {
    const code = body.upload === undefined ? 'invalid-request' : 'missing-image';
    throw new MedoidError(code, `expected ${describeKinds(body)}, got no body`);
  }
  if (kind === false) {
    throw new MedoidError(
      'unsupported-media-type',
      `expected ${describeKinds(body)}, got ${type ?? 'no Content-Type'}`,
    );
  }
  if (jsonTypes.includes(kind)) return 'json';
  return kind === 'multipart/form-data' ? 'form' : 'picture';
}

function reachOf(kind: Kind, { body = {} }: Operation, { maxImageBytes }: Limits): Reach {
  if (kind === 'picture') return { maxBytes: maxImageBytes, refuse: () => imageTooLarge(maxImageBytes) };
  const several = Math.min(body.upload?.mostFiles ?? picturesInOne, picturesInOne) * maxImageBytes;
  if (kind === 'form')
    return { maxBytes: several + formFrameBytes, refuse: () => tooLarge('a form', several) };
  const pictures = body.upload !== undefined || body.pictures === true;
  // Base64 makes four bytes of three.
  const maxBytes = pictures ? Math.ceil((several * 4) / 3) + maxTextBytes : maxTextBytes;
  return { maxBytes, refuse: () => tooLarge('JSON', maxBytes) };
}

/** As far as the head of the request tells. */
function requireFitting({ headers }: Request, { maxBytes, refuse }: Reach): void {
  if ((headers['content-encoding'] ?? 'identity') !== 'identity') {
    throw new MedoidError('unsupported-media-type', 'expected a body without Content-Encoding');
  }
  if (Number(headers['content-length']) > maxBytes) throw refuse();
}

/** Reads bodies of every kind, of all requests together no more than there is room for. */
export function createBodyReader(limits: Limits): ReadBody {
  const forms = new Map<UploadDescription, RequestHandler>();
  const budget = createBodyBudget();

  const formOf = (upload: UploadDescription): RequestHandler => {
    const form = forms.get(upload) ?? createForm(upload, limits);
    forms.set(upload, form);
    return form;
  };

  const read = async (
    { json, upload }: BodyDescription,
    { request, response }: Incoming,
    { kind, reach }: { readonly kind: Kind; readonly reach: Reach },
  ): Promise<Body<unknown>> => {
    if (kind === 'form' && upload !== undefined) {
      return readForm(formOf(upload), upload, { request, response, ...limits });
    }
    const bytes = await readRaw(request, response, reach);
    if (kind === 'json' && json !== undefined) {
      return { kind: 'json', value: parse(json, parseJson(bytes), 'field') };
    }
    return { kind: 'upload', files: [{ bytes, name: undefined }], fields: {} };
  };

  return async (operation, incoming) => {
    const { request, signal, done } = incoming;
    const kind = kindOf(request, operation);
    const reach = reachOf(kind, operation, limits);
    requireFitting(request, reach);
    // Time may have been up before its turn came.
    signal.throwIfAborted();
    const charged = budget.charge(request, { weight: kind === 'json' ? weightOfJson : 1, done });
    const body = await Promise.race([read(operation.body ?? {}, incoming, { kind, reach }), charged]);
    requireBytes(body);
    return body;
  };
}

function requireBytes(body: Body<unknown>): void {
  if (body.kind === 'upload' && body.files.some(({ bytes }) => bytes.length === 0)) {
    throw missingImage('expected an image, got 0 bytes');
  }
}
