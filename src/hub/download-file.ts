import { createHash, type Hash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { type FileHandle, open, rm, stat } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { MedoidError, messageOf } from '../errors.js';
import type { HubFile } from './find-hub-file.js';
import type { HubPatience } from './hub-fetch.js';

export interface DownloadOptions extends HubPatience {
  readonly fetch: typeof fetch;
  readonly signal: AbortSignal;
  readonly onProgress: (doneBytes: number) => void;
}

/** A file while it is written: so many bytes of it are there, and this is their hash. */
interface Part {
  readonly handle: FileHandle;
  hash: Hash;
  done: number;
}

const failed = (message: string, cause?: unknown): MedoidError =>
  new MedoidError('fetch-failed', message, { cause });

async function openPart(path: string, file: HubFile, signal: AbortSignal): Promise<Part> {
  const there = await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
  const handle = await open(path, there > file.bytes ? 'w' : 'a');
  const part: Part = { handle, hash: createHash('sha256'), done: 0 };
  try {
    if (there > file.bytes) return part;
    for await (const chunk of createReadStream(path, { signal })) {
      part.hash.update(chunk);
      part.done += chunk.length;
    }
    return part;
  } catch (error) {
    await handle.close();
    signal.throwIfAborted();
    throw error;
  }
}

async function startAnew(part: Part): Promise<void> {
  await part.handle.truncate(0);
  part.hash = createHash('sha256');
  part.done = 0;
}

/**
 * Looks whether an answer goes on where the part ends. One who knows no ranges answers with the whole file: then it is
 * begun anew.
 */
async function checkAnswer(response: Response, part: Part, { url, bytes }: HubFile): Promise<void> {
  const { status, headers } = response;
  if (status === 200 && part.done > 0) await startAnew(part);
  const range = /^bytes (\d+)-\d+\/(\d+)$/.exec(headers.get('content-range') ?? '');
  const from = status === 206 && range !== null ? Number(range[1]) : 0;
  const total =
    status === 206 && range !== null ? Number(range[2]) : Number(headers.get('content-length') ?? bytes);
  const isKnown = status === 200 || (status === 206 && range !== null);
  if (isKnown && from === part.done && total === bytes) return;
  await response.body?.cancel();
  throw failed(
    `expected bytes ${part.done} to ${bytes} of ${url}, got status ${status} with ` +
      (isKnown ? `bytes ${from} to ${total}` : 'something else'),
  );
}

/** @throws Error when nothing comes for too long */
async function readChunk(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  stallMs: number,
): Promise<Uint8Array | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const silence = new Promise<never>((_, fail) => {
    timer = setTimeout(() => fail(new Error(`nothing came for ${stallMs} ms`)), stallMs);
  });
  try {
    return (await Promise.race([reader.read(), silence])).value;
  } finally {
    clearTimeout(timer);
  }
}

/** Writes what comes, up to the end of the file or to where the connection is cut. */
async function receive(
  response: Response,
  part: Part,
  file: HubFile,
  options: DownloadOptions,
): Promise<void> {
  const reader = response.body?.getReader();
  if (reader === undefined) throw failed(`expected a body of ${file.url}, got none`);
  try {
    while (part.done < file.bytes) {
      const chunk = await readChunk(reader, options.stallMs);
      if (chunk === undefined) return;
      if (part.done + chunk.length > file.bytes)
        throw failed(`expected ${file.bytes} bytes of ${file.url}, got more`);
      await part.handle.appendFile(chunk);
      part.hash.update(chunk);
      part.done += chunk.length;
      options.onProgress(part.done);
    }
  } finally {
    // Whoever cuts a connection does not care whether it was cut already.
    await reader.cancel().catch(() => undefined);
  }
}

/** What is not of the connection, such as a full disk, is no reason to try again. */
const isCut = (error: unknown): boolean =>
  !(error instanceof MedoidError) && (error as NodeJS.ErrnoException).syscall === undefined;

async function completePart(part: Part, file: HubFile, options: DownloadOptions): Promise<void> {
  const { fetch, signal, retryDelaysMs } = options;
  let fruitless = 0;
  while (part.done < file.bytes) {
    const before = part.done;
    const headers = { 'accept-encoding': 'identity', ...(before > 0 ? { range: `bytes=${before}-` } : {}) };
    const response = await fetch(file.url, { headers });
    await checkAnswer(response, part, file);
    let cut: unknown;
    await receive(response, part, file, options).catch(error => {
      signal.throwIfAborted();
      if (!isCut(error)) throw error;
      cut = error;
    });
    if (part.done >= file.bytes) return;
    fruitless = part.done > before ? 0 : fruitless + 1;
    if (fruitless > retryDelaysMs.length) {
      const reason = cut === undefined ? '' : `: ${messageOf(cut)}`;
      throw failed(
        `expected ${file.bytes} bytes of ${file.url}, got ${part.done} again and again${reason}`,
        cut,
      );
    }
    const delayMs = retryDelaysMs[Math.max(0, fruitless - 1)] ?? 0;
    await wait(delayMs, undefined, { signal }).catch(() => signal.throwIfAborted());
  }
}

/**
 * Downloads a file to `path`, going on behind what is there of it, also after the connection was cut.
 * @param path where nobody else writes, with nothing or the beginning of this very file
 * @returns SHA-256 of its bytes, all of which are on disk
 * @throws MedoidError `fetch-failed` where the bytes do not come or are others: then nothing is left of them; as
 *   `options.fetch`, or the reason of `signal`, and what came so far stays
 */
export async function downloadFile(file: HubFile, path: string, options: DownloadOptions): Promise<string> {
  const part = await openPart(path, file, options.signal);
  let sha256: string;
  try {
    options.onProgress(part.done);
    await completePart(part, file, options);
    await part.handle.sync();
    sha256 = part.hash.digest('hex');
  } finally {
    await part.handle.close();
  }
  if (file.sha256 === undefined || sha256 === file.sha256) return sha256;
  await rm(path);
  throw failed(`expected SHA-256 ${file.sha256} of ${file.url}, got ${sha256}: nothing of it is kept`);
}
