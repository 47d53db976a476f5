import { existsSync } from 'node:fs';
import { type FileHandle, open, readFile, truncate } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { syncPath } from '../../../durable-file.js';
import { MedoidError, messageOf } from '../../../errors.js';

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/);

/** From the folder of originals down, with slashes. */
const pathSchema = z.string().min(1);
const fileSchema = z.strictObject({ path: pathSchema, sha256: sha256Schema });
const timedFileSchema = fileSchema.extend({ mode: z.int().nonnegative(), modifiedMs: z.number() });
const itemStepSchema = z.strictObject({
  key: z.string().min(1),
  label: z.string().nullable(),
  metadata: z.record(z.string(), z.json()),
  sha256: sha256Schema,
});

const fileStepSchema = z.discriminatedUnion('step', [
  fileSchema.extend({ step: z.literal('move-file') }),
  timedFileSchema.extend({ step: z.literal('link-file'), stays: pathSchema }),
  timedFileSchema.extend({ step: z.literal('delete-file') }),
]);
const itemsStepSchema = z.discriminatedUnion('step', [
  itemStepSchema.extend({ step: z.literal('move-item') }),
  itemStepSchema.extend({ step: z.literal('delete-item') }),
]);
const undoneSchema = z.strictObject({ step: z.literal('undone'), at: z.iso.datetime() });

const headShape = { medoidUndo: z.literal(1), collection: z.string(), createdAt: z.iso.datetime() };
const headSchema = z.discriminatedUnion('target', [
  z.strictObject({
    ...headShape,
    target: z.literal('files'),
    /** Of the originals, and of what was moved if anything was: absolute. */
    folder: z.string(),
    to: z.string().nullable(),
  }),
  z.strictObject({
    ...headShape,
    target: z.literal('items'),
    /** Name of the collection that items were moved to. */
    to: z.string().nullable(),
  }),
]);

export type FileStep = z.output<typeof fileStepSchema>;
export type ItemStep = z.output<typeof itemsStepSchema>;
export type UndoHead = z.output<typeof headSchema>;
export type NewUndoHead = UndoHead extends infer Head
  ? Head extends UndoHead
    ? Omit<Head, 'medoidUndo' | 'createdAt'>
    : never
  : never;

/** Where the pictures of items that were deleted lie, beside an undo file. */
export const keptImagesFolder = (undoFile: string): string => `${undoFile}.images`;

const isThere = (path: string): MedoidError =>
  new MedoidError('out-exists', `${path} is there already: what it can undo would be lost`);

/** Lines of JSON, each on disk before what it speaks of is done: so that all of it can be undone, whenever it was stopped. */
export class UndoWriter {
  private constructor(
    readonly path: string,
    private readonly handle: FileHandle,
  ) {}

  /** Before the work of which it is to be. @throws MedoidError `out-exists`, `file-not-found` for its folder */
  static requireNew(path: string): void {
    if (existsSync(path)) throw isThere(path);
    if (!existsSync(dirname(path))) {
      throw new MedoidError(
        'file-not-found',
        `expected a folder for the undo file, but there is no ${dirname(path)}`,
      );
    }
  }

  /** @throws MedoidError `out-exists` */
  static async create(path: string, head: NewUndoHead): Promise<UndoWriter> {
    const handle = await open(path, 'wx').catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error;
      throw isThere(path);
    });
    const writer = new UndoWriter(path, handle);
    await writer.append([{ medoidUndo: 1, createdAt: new Date().toISOString(), ...head }]);
    await syncPath(dirname(path));
    return writer;
  }

  /** To add that it was undone. What the last line only begins is cut off: the next one would go on with it. */
  static async reopen(path: string): Promise<UndoWriter> {
    await truncate(path, (await readFile(path)).lastIndexOf('\n') + 1);
    return new UndoWriter(path, await open(path, 'a'));
  }

  async append(lines: readonly object[]): Promise<void> {
    await this.handle.appendFile(lines.map(line => `${JSON.stringify(line)}\n`).join(''));
    await this.handle.sync();
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

export type UndoContents =
  | { readonly head: UndoHead & { target: 'files' }; readonly steps: FileStep[]; readonly undone: boolean }
  | { readonly head: UndoHead & { target: 'items' }; readonly steps: ItemStep[]; readonly undone: boolean };

/** @throws MedoidError `file-unusable` naming the line, before anything is undone */
function parseLine<Schema extends z.ZodType>(schema: Schema, text: string, place: string): z.output<Schema> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new MedoidError('file-unusable', `${place}: expected JSON: ${messageOf(error)}`, { cause: error });
  }
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  throw new MedoidError('file-unusable', `${place}: not as it was written: ${z.prettifyError(parsed.error)}`);
}

/** What the last line begins but does not end was never done. @throws MedoidError `file-not-found`, `file-unusable` */
export async function readUndoFile(path: string): Promise<UndoContents> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    throw new MedoidError('file-not-found', `expected an undo file, but there is no ${path}`);
  });
  const [first = '', ...lines] = text.split('\n').slice(0, -1);
  const head = parseLine(headSchema, first, `${path}, line 1`);
  const parse = <Schema extends z.ZodType>(
    schema: Schema,
  ): { steps: z.output<Schema>[]; undone: boolean } => {
    const either = z.union([undoneSchema, schema]);
    const parsed = lines.map((line, i) => parseLine(either, line, `${path}, line ${i + 2}`));
    const isUndone = (entry: unknown): boolean => (entry as { step?: unknown }).step === 'undone';
    return {
      steps: parsed.filter(entry => !isUndone(entry)) as z.output<Schema>[],
      undone: parsed.some(isUndone),
    };
  };
  return head.target === 'files' ? { head, ...parse(fileStepSchema) } : { head, ...parse(itemsStepSchema) };
}
