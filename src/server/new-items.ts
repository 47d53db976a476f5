import { z } from 'zod';
import type { ParsedBodyOf } from '../api/operation.js';
import type { addItems } from '../api/operations/items.js';
import { keySchema, labelSchema, metadataSchema } from '../api/schemas/item.js';
import { MedoidError } from '../errors.js';
import { hashImage } from '../images/decode.js';
import type { ImageInJson } from './image-in-json.js';
import { parse, parseJson, requireNoParameters } from './parse-request.js';
import type { Body, Call } from './route.js';

/** What a request to add pictures says of one. */
export interface RequestedItem {
  /** Nothing for one that is to be named by the hash of its bytes. */
  readonly key: string | undefined;
  readonly label: string | null;
  readonly metadata: Record<string, unknown>;
  readonly image: Buffer | ImageInJson;
}

type AddCall = Call<typeof addItems>;
type Upload = Extract<Body<unknown>, { kind: 'upload' }>;

/** Without defaults: what is not said here may be said of all of them. */
const textsSchema = z.array(
  z.strictObject({ key: keySchema, label: labelSchema, metadata: metadataSchema }).partial(),
);

/** @throws MedoidError `invalid-request` field `items` */
function readTexts({ files, fields }: Upload): z.output<typeof textsSchema> {
  if (fields.items === undefined) return files.map(() => ({}));
  const given = { items: parseJson(Buffer.from(fields.items)) };
  const { items } = parse(z.strictObject({ items: textsSchema }), given, 'field');
  if (items.length === files.length) return items;
  throw new MedoidError(
    'invalid-request',
    `items: expected ${files.length} entries, one for each file, got ${items.length}`,
    { field: 'items' },
  );
}

function readUpload(upload: Upload, query: AddCall['query']): RequestedItem[] {
  if (query.key !== undefined && upload.files.length > 1) {
    throw new MedoidError(
      'invalid-request',
      `key: expected one picture with it, got ${upload.files.length}: several are named in the field "items"`,
      { field: 'key' },
    );
  }
  const texts = readTexts(upload);
  return upload.files.map(({ bytes, name }, i) => ({
    // Who lists the items names them there; else the file's name is the nearest to a name of its own.
    key: texts[i].key ?? query.key ?? (upload.fields.items === undefined && name !== '' ? name : undefined),
    label: texts[i].label ?? query.label ?? null,
    metadata: texts[i].metadata ?? query.metadata ?? {},
    image: bytes,
  }));
}

/** @throws MedoidError `invalid-request` */
export function readNewItems(
  body: Body<ParsedBodyOf<typeof addItems>>,
  query: AddCall['query'],
): RequestedItem[] {
  if (body.kind === 'upload') return readUpload(body, query);
  requireNoParameters(query);
  return body.value.items.map(item => ({ key: undefined, ...item }));
}

/** The name of a picture that was given none: the same bytes are the same item. */
export const keyOfBytes = (bytes: Uint8Array): string => `sha256-${hashImage(bytes)}`;
