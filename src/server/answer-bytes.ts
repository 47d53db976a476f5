import type { Request, Response } from 'express';
import { storedBytesPolicy } from './security-headers.js';

interface StoredBytes {
  /** Names these very bytes. */
  readonly tag: string;
  readonly type: string;
  readonly filename: string;
  read(): Promise<Buffer>;
}

/** Answers 304, without reading anything, to a client that has the same bytes already. */
export async function answerBytes(
  request: Request,
  response: Response,
  { tag, type, filename, read }: StoredBytes,
): Promise<undefined> {
  // An item may get another image: caches keep the bytes, but ask each time whether they still hold.
  response.vary('Accept').set({ ETag: `"${tag}"`, 'Cache-Control': 'private, no-cache' });
  if (request.fresh) {
    response.status(304).end();
    return undefined;
  }
  const bytes = await read();
  response
    .set({
      'Content-Type': type,
      'Content-Disposition': `inline; filename="${filename}"`,
      'Content-Security-Policy': storedBytesPolicy,
    })
    .send(bytes);
  return undefined;
}
