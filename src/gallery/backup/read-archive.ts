import { type FileHandle, open } from 'node:fs/promises';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { extract, type Header } from 'tar-stream';
import { MedoidError, messageOf } from '../../errors.js';
import { entryNames, type ListedEntry } from './backup-format.js';
import { type EntryKind, entryKind } from './entry-kind.js';
import { hashChunks } from './hash-chunks.js';
import { manifestLines } from './manifest-lines.js';
import { frameBetween, type TarEntry } from './tar-frame.js';

/** One that is read, to be taken to its end. */
export interface ArchivedEntry extends TarEntry {
  readonly kind: EntryKind;
  readonly chunks: AsyncIterable<Buffer>;
}

export interface ReadOptions {
  readonly signal: AbortSignal;
  /** Told how many bytes of the file were read. */
  readonly onProgress?: ((bytes: number) => void) | undefined;
}

/** An entry as `tar-stream` has it. */
type Source = AsyncIterable<unknown> & { readonly header: Header };

const chunkBytes = 2 ** 20;

const damaged = (message: string, cause?: unknown): MedoidError =>
  new MedoidError('invalid-backup', message, { cause });

/** Compares what lies between the entries, from the beginning of the file on. */
class Frames {
  private position = 0;
  private last: TarEntry | undefined;

  constructor(
    private readonly file: FileHandle,
    private readonly size: number,
  ) {}

  /** @param next entry; nothing at the end @returns where its bytes end */
  async check(next?: TarEntry): Promise<number> {
    const expected = await frameBetween(this.last, next);
    const actual = Buffer.alloc(expected.length);
    await this.file.read(actual, 0, actual.length, this.position);
    const start = this.position + expected.length;
    if (!actual.equals(expected) || (next === undefined && start !== this.size)) {
      throw damaged(`it is cut short, damaged or changed after byte ${this.position}`);
    }
    this.position = start + (next?.bytes ?? 0);
    this.last = next;
    return this.position;
  }
}

/** @returns what `visit` is to have of an entry, and what there is to list of it when its end has been reached */
function watchEntry(entry: Source, kind: EntryKind, { signal }: ReadOptions) {
  const { name, size: bytes } = entry.header;
  const { chunks, digest } = hashChunks(entry as AsyncIterable<Buffer>, signal);
  const list = (): ListedEntry => ({ name, bytes, sha256: digest() });
  return { visited: { name, bytes, kind, chunks }, list };
}

/** The manifest must be what would be written about the entries before it. */
async function compareManifest(
  { bytes, chunks }: Pick<ArchivedEntry, 'bytes' | 'chunks'>,
  entries: readonly ListedEntry[],
): Promise<void> {
  let expectedBytes = 0;
  for (const line of manifestLines(entries)) expectedBytes += line.length;
  if (bytes !== expectedBytes) throw damaged('its manifest lists other entries than those it has');
  const manifest = await buffer(chunks);
  let offset = 0;
  let index = -1;
  for (const line of manifestLines(entries)) {
    if (!manifest.subarray(offset, offset + line.length).equals(line)) {
      throw damaged(`${entries[index]?.name ?? 'its manifest'} is not as the manifest lists it`);
    }
    offset += line.length;
    index++;
  }
}

/** What an entry is, where it may be where it is. */
function placeOf(name: string, seen: ReadonlySet<string>): EntryKind {
  const kind = entryKind(name);
  if (kind === undefined) throw damaged(`it has an entry ${JSON.stringify(name)}, which no backup has`);
  if (seen.has(name)) throw damaged(`it has ${name} twice`);
  if (seen.has(entryNames.manifest)) throw damaged(`it has ${name} after its manifest`);
  if ((seen.size === 0) !== (kind === 'header')) throw damaged(`it does not begin with ${entryNames.header}`);
  return kind;
}

async function readEntries(
  { entries, frames }: { readonly entries: AsyncIterable<Source>; readonly frames: Frames },
  visit: (entry: ArchivedEntry) => Promise<void>,
  options: ReadOptions,
): Promise<void> {
  const seen = new Set<string>();
  const listed: ListedEntry[] = [];
  for await (const entry of entries) {
    const { name, size } = entry.header;
    const kind = placeOf(name, seen);
    const end = await frames.check({ name, bytes: size });
    seen.add(name);
    const { visited, list } = watchEntry(entry, kind, options);
    if (kind === 'manifest') {
      await compareManifest(visited, listed);
      continue;
    }
    await visit(visited);
    const line = list();
    if (kind === 'image' && !name.endsWith(line.sha256)) {
      throw damaged(`${name} is damaged: its bytes have SHA-256 ${line.sha256}`);
    }
    listed.push(line);
    options.onProgress?.(end);
  }
  if (!seen.has(entryNames.manifest)) throw damaged('it is cut short: it has no manifest');
  await frames.check();
}

/**
 * Reads a backup once from beginning to end. Only when this returns is it known to be whole: every byte of it is one
 * that was written.
 * @param visit is given each entry but the manifest, in order, and takes all of it
 * @throws MedoidError `file-not-found`, `invalid-backup`, `interrupted`, or what `visit` throws
 */
export async function readArchive(
  path: string,
  visit: (entry: ArchivedEntry) => Promise<void>,
  options: ReadOptions,
): Promise<void> {
  const file = await open(path).catch(error => {
    throw new MedoidError('file-not-found', `expected a backup: ${messageOf(error)}`, { cause: error });
  });
  try {
    const { size } = await file.stat();
    const entries = extract();
    const stream = file.createReadStream({ autoClose: false, start: 0, highWaterMark: chunkBytes });
    // What goes wrong with either is thrown where the entries are read.
    const feeding = pipeline(stream, entries).catch(() => undefined);
    try {
      await readEntries({ entries, frames: new Frames(file, size) }, visit, options);
    } finally {
      entries.destroy();
      await feeding;
    }
  } catch (error) {
    if (error instanceof MedoidError && error.code !== 'invalid-backup') throw error;
    const message = messageOf(error);
    throw damaged(`${path} is no whole backup: ${message}`, error);
  } finally {
    await file.close();
  }
}
