import { createReadStream, createWriteStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { type Pack, pack } from 'tar-stream';
import { syncPath } from '../../durable-file.js';
import { MedoidError, messageOf } from '../../errors.js';
import { entryNames, type ListedEntry } from './backup-format.js';
import { hashChunks } from './hash-chunks.js';
import { manifestLines } from './manifest-lines.js';
import { type TarEntry, tarHeaders } from './tar-frame.js';

type Chunks = AsyncIterable<Buffer> | Iterable<Buffer>;

/** It has hashes of keys in it. */
const fileMode = 0o600;

/** Writes a backup, entry after entry; at no time is more than some chunks of it in memory. */
export class ArchiveWriter {
  private readonly packed: Pack = pack();
  private readonly entries: ListedEntry[] = [];
  private readonly writing: Promise<void>;

  /** @param path of a new file */
  constructor(
    private readonly path: string,
    private readonly signal: AbortSignal,
  ) {
    this.writing = pipeline(this.packed, createWriteStream(path, { flags: 'wx', mode: fileMode }));
    // Whoever adds the next entry is told, or `finish` is.
    this.writing.catch(() => undefined);
  }

  addBytes(name: string, bytes: Buffer): Promise<void> {
    return this.add({ name, bytes: bytes.length }, [bytes]);
  }

  addJson(name: string, value: unknown): Promise<void> {
    return this.addBytes(name, Buffer.from(`${JSON.stringify(value, null, 2)}\n`));
  }

  /** Of a file that nobody changes meanwhile. */
  async addFile(name: string, path: string): Promise<void> {
    const { size } = await stat(path);
    await this.add({ name, bytes: size }, createReadStream(path));
  }

  /** Writes the manifest and waits until all of it would survive a power cut. */
  async finish(): Promise<void> {
    let bytes = 0;
    for (const line of manifestLines(this.entries)) bytes += line.length;
    await this.add({ name: entryNames.manifest, bytes }, manifestLines(this.entries));
    this.packed.finalize();
    await this.writing.catch(error => this.fail(error));
    await syncPath(this.path);
  }

  /** Ends it where it is; what is written of it is of no use. */
  async abandon(): Promise<void> {
    this.packed.destroy();
    await this.writing.catch(() => undefined);
  }

  private async add(entry: TarEntry, chunks: Chunks): Promise<void> {
    const hashed = hashChunks(chunks, this.signal);
    await new Promise<void>((settle, refuse) => {
      const sink = this.packed.entry(tarHeaders(entry), error => (error ? refuse(error) : settle()));
      pipeline(hashed.chunks, sink).catch(refuse);
    }).catch(error => this.fail(error));
    this.entries.push({ ...entry, sha256: hashed.digest() });
  }

  private fail(error: unknown): never {
    if (error instanceof MedoidError) throw error;
    throw new MedoidError('file-unusable', `${this.path} cannot be written: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
