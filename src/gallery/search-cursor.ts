import { z } from 'zod';
import { decodeEmbedding, encodeEmbedding } from '../catalog/embedding-blob.js';
import { MedoidError, messageOf } from '../errors.js';
import { checkVector } from '../vector-index/checks.js';

/** Everything that the next page of a search needs, so that its picture need not be sent again. */
export interface SearchCursor<Options> {
  /** [dimension], unit length. */
  readonly query: Float32Array;
  /** The model that made the query. */
  readonly modelId: string;
  /** Hits before the next page. */
  readonly offset: number;
  /** What was asked, as it was given: JSON. */
  readonly options: Options;
}

const formatVersion = 1;
const maxLength = 64 * 1024;
/** Version as a byte, length of the head as uint32; then the head as JSON and the query as float32, little endian. */
const headStart = 5;
const bytesPerNumber = 4;

function refuse(message: string, cause?: unknown): never {
  throw new MedoidError('invalid-request', `cursor: ${message}`, { field: 'cursor', cause });
}

/**
 * @returns letters, digits, `-` and `_`
 * @throws MedoidError `invalid-request` when the options are so long that `parseSearchCursor` would refuse the text
 */
export function encodeSearchCursor({ query, ...head }: SearchCursor<unknown>): string {
  const json = Buffer.from(JSON.stringify(head));
  const start = Buffer.alloc(headStart);
  start.writeUInt8(formatVersion);
  start.writeUInt32LE(json.length, 1);
  const text = Buffer.concat([start, json, encodeEmbedding(query)]).toString('base64url');
  if (text.length > maxLength) {
    refuse(
      `expected options that fit into ${maxLength} characters, got ${text.length}: ask for less at once`,
    );
  }
  return text;
}

function parseBytes(text: string): Buffer {
  if (text.length > maxLength) refuse(`expected at most ${maxLength} characters, got ${text.length}`);
  const bytes = Buffer.from(text, 'base64url');
  // Node passes over what is no base64url.
  if (bytes.toString('base64url') !== text) refuse('expected one as a search has answered it');
  if (bytes[0] !== formatVersion) refuse(`expected version ${formatVersion}, got ${bytes[0] ?? 'nothing'}`);
  if (bytes.length < headStart) refuse('it ends too soon');
  return bytes;
}

function parseHead<Schema extends z.ZodType>(json: Buffer, options: Schema) {
  const schema = z.strictObject({ modelId: z.string(), offset: z.int().nonnegative(), options: z.unknown() });
  let head: unknown;
  try {
    head = JSON.parse(json.toString());
  } catch (error) {
    refuse(messageOf(error), error);
  }
  const parsed = schema.safeParse(head);
  if (!parsed.success) return refuse(describeIssue(parsed.error), parsed.error);
  const parsedOptions = options.safeParse(parsed.data.options);
  if (!parsedOptions.success) return refuse(describeIssue(parsedOptions.error), parsedOptions.error);
  return { ...parsed.data, options: parsedOptions.data };
}

function describeIssue({ issues: [{ path, message }] }: z.ZodError): string {
  return [...path.slice(0, 1).map(String), message].join(': ');
}

function parseQuery(bytes: Buffer, dimension: number): Float32Array {
  const expected = dimension * bytesPerNumber;
  if (bytes.length !== expected) refuse(`expected a vector of ${expected} bytes, got ${bytes.length}`);
  const query = decodeEmbedding(bytes, dimension);
  try {
    checkVector(query, dimension);
  } catch (error) {
    if (!(error instanceof MedoidError)) throw error;
    refuse(messageOf(error), error);
  }
  return query;
}

/**
 * Reads what `encodeSearchCursor` made. Anybody may have changed it, so it is checked like what a request says itself.
 * @param options.dimensionOf of the vectors of a model, if the collection has any of it
 * @param options.options what may be asked
 * @throws MedoidError `invalid-request`, field `cursor`
 */
export function parseSearchCursor<Schema extends z.ZodType>(
  text: string,
  options: { readonly dimensionOf: (modelId: string) => number | undefined; readonly options: Schema },
): SearchCursor<z.output<Schema>> {
  const bytes = parseBytes(text);
  const queryStart = headStart + bytes.readUInt32LE(1);
  if (queryStart > bytes.length) refuse('it ends too soon');
  const head = parseHead(bytes.subarray(headStart, queryStart), options.options);
  const dimension = options.dimensionOf(head.modelId);
  if (dimension === undefined) refuse('its search was made with a model that is not used here: search again');
  return { ...head, query: parseQuery(bytes.subarray(queryStart), dimension) };
}
