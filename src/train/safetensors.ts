import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { replaceFile } from '../durable-file.js';
import { MedoidError, messageOf } from '../errors.js';

/** A float32 array with its shape and name. */
export interface NamedTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export interface TensorFile {
  readonly tensors: readonly NamedTensor[];
  /** Free text by name, as the format has it. */
  readonly metadata: Readonly<Record<string, string>>;
}

const headerSchema = z.record(
  z.string(),
  z.union([
    z.strictObject({
      dtype: z.literal('F32'),
      shape: z.array(z.int().nonnegative()),
      data_offsets: z.tuple([z.int().nonnegative(), z.int().nonnegative()]),
    }),
    z.record(z.string(), z.string()),
  ]),
);

/**
 * Writes the safetensors format (8-byte length, JSON header, raw little-endian data), so that any tool can open it.
 * The file appears whole or not at all: written beside, flushed, then renamed.
 */
export async function saveTensors(path: string, { tensors, metadata }: TensorFile): Promise<void> {
  const entries: Record<string, unknown> = { __metadata__: metadata };
  let offset = 0;
  for (const { name, shape, data } of tensors) {
    entries[name] = { dtype: 'F32', shape, data_offsets: [offset, offset + data.byteLength] };
    offset += data.byteLength;
  }
  const json = Buffer.from(JSON.stringify(entries));
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, ' ')]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  const blocks = tensors.map(({ data }) => Buffer.from(data.buffer, data.byteOffset, data.byteLength));
  await mkdir(dirname(path), { recursive: true });
  await replaceFile(path, Buffer.concat([length, padded, ...blocks]));
}

/** @throws MedoidError `invalid-checkpoint`, naming the file and what is wrong with it */
export async function loadTensors(path: string): Promise<TensorFile> {
  const bytes = await readFile(path).catch(error => {
    throw new MedoidError('invalid-checkpoint', `expected ${path}: ${messageOf(error)}`, { cause: error });
  });
  try {
    const headerLength = Number(bytes.readBigUInt64LE(0));
    const header = headerSchema.parse(JSON.parse(bytes.toString('utf8', 8, 8 + headerLength)));
    const body = bytes.subarray(8 + headerLength);
    const tensors: NamedTensor[] = [];
    let metadata: Record<string, string> = {};
    for (const [name, entry] of Object.entries(header)) {
      if (name === '__metadata__') metadata = entry as Record<string, string>;
      else tensors.push(readTensor(body, name, entry as TensorEntry));
    }
    return { tensors, metadata };
  } catch (error) {
    throw new MedoidError('invalid-checkpoint', `${path} is damaged: ${messageOf(error)}`, { cause: error });
  }
}

interface TensorEntry {
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

function readTensor(
  body: Buffer,
  name: string,
  { shape, data_offsets: [start, end] }: TensorEntry,
): NamedTensor {
  const expected = 4 * shape.reduce((product, side) => product * side, 1);
  if (end - start !== expected || end > body.length) {
    throw new Error(`tensor ${name} has ${Math.min(end, body.length) - start} bytes, expected ${expected}`);
  }
  const copy = new Uint8Array(body.subarray(start, end));
  return { name, shape, data: new Float32Array(copy.buffer) };
}
