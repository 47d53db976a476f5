import { Client, type Dispatcher } from 'undici';
import { MedoidError } from '../errors.js';
import { createCheckedDialer, type ResolveHost, resolveHost } from './dial-checked.js';
import { defaultImageLimits } from './limits.js';

export interface ImageFetcherOptions {
  /** Of the body, counted as it comes. */
  readonly maxBytes?: number;
  /** For everything: redirects, looking up names, connecting, the last byte. */
  readonly timeoutMs?: number;
  readonly allowedPorts?: readonly number[];
  /**
   * Addresses that may be fetched from besides those of the public internet, an IPv4 address always as one. For tests,
   * and for shops whose pictures lie in their own network; it sees every address that a connection is to be made to.
   */
  readonly allowAddress?: (address: string) => boolean;
  readonly resolve?: ResolveHost;
}

/** Fetches what strangers name, from the public internet only. */
export interface ImageFetcher {
  /**
   * @returns the bytes that are there, whatever they are: the decoder judges them
   * @throws MedoidError `url-not-allowed`, `fetch-failed`, `payload-too-large`, or `interrupted` once `signal` is
   *   aborted or the fetcher is closed
   */
  fetch(url: string, signal?: AbortSignal): Promise<Buffer>;
  /** Interrupts what is under way, and waits until it is over. */
  close(): Promise<void>;
}

type Settings = Required<ImageFetcherOptions>;

const maxRedirects = 5;
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** A host may have several addresses, of which some are dead. */
const connectTimeoutMs = 3_000;
const requestHeaders = { 'user-agent': 'medoid', accept: 'image/*', 'accept-encoding': 'identity' };

const notAllowed = (message: string): MedoidError =>
  new MedoidError('url-not-allowed', message, { field: 'url' });
const failed = (message: string, cause?: unknown): MedoidError =>
  new MedoidError('fetch-failed', message, { field: 'url', cause });
const interrupted = (): MedoidError => new MedoidError('interrupted', 'stopped on request');

/** @throws MedoidError `url-not-allowed` */
function parseUrl(text: string, allowedPorts: readonly number[], base?: string): URL {
  const url = URL.canParse(text, base) ? new URL(text, base) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    throw notAllowed(`expected a URL of http or https, got ${url?.protocol ?? 'what is none'}`);
  }
  if (url.username !== '' || url.password !== '') {
    throw notAllowed('expected a URL without a user name or password, got one with');
  }
  const port = Number(url.port || (url.protocol === 'http:' ? 80 : 443));
  if (!allowedPorts.includes(port)) {
    throw notAllowed(`expected port ${allowedPorts.join(' or ')}, got ${port}`);
  }
  return url;
}

/** @throws MedoidError `payload-too-large` as soon as it is clear */
async function readBody({ headers, body }: Dispatcher.ResponseData, maxBytes: number): Promise<Buffer> {
  const tooLarge = (): MedoidError =>
    new MedoidError('payload-too-large', `expected a picture of at most ${maxBytes} bytes, got more`, {
      field: 'url',
    });
  if (Number(headers['content-length']) > maxBytes) throw tooLarge();
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/** @returns the body, or where it is to be had instead */
async function readResponse(response: Dispatcher.ResponseData, maxBytes: number): Promise<Buffer | string> {
  const { statusCode, headers } = response;
  if (redirectStatuses.has(statusCode) && typeof headers.location === 'string') return headers.location;
  if (statusCode !== 200) throw failed(`expected status 200, got ${statusCode}`);
  const coding = String(headers['content-encoding'] ?? 'identity').toLowerCase();
  // Unpacking is how a few bytes become gigabytes.
  if (coding !== 'identity') throw failed('expected a body without Content-Encoding, got one with');
  return readBody(response, maxBytes);
}

/** One request over a connection of its own, which is closed after it. */
async function fetchOnce(url: URL, settings: Settings, signal: AbortSignal): Promise<Buffer | string> {
  const { allowAddress, resolve, timeoutMs, maxBytes } = settings;
  const connect = createCheckedDialer({ allowAddress, resolve, timeoutMs: connectTimeoutMs, signal });
  const client = new Client(url.origin, {
    connect,
    pipelining: 0,
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
  });
  // Not by the signal of the request, which undici heeds only once there is a connection.
  const cut = (): void => void client.destroy(signal.reason);
  signal.addEventListener('abort', cut);
  try {
    signal.throwIfAborted();
    const path = url.pathname + url.search;
    const response = await client.request({ method: 'GET', path, headers: requestHeaders });
    // It fails when the connection is cut, though nobody may be reading it any more.
    response.body.on('error', () => undefined);
    return await readResponse(response, maxBytes);
  } finally {
    signal.removeEventListener('abort', cut);
    await client.destroy();
  }
}

async function followRedirects(text: string, settings: Settings, signal: AbortSignal): Promise<Buffer> {
  let url = parseUrl(text, settings.allowedPorts);
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const answer = await fetchOnce(url, settings, signal);
    if (typeof answer !== 'string') return answer;
    url = parseUrl(answer, settings.allowedPorts, url.href);
  }
  throw failed(`expected at most ${maxRedirects} redirects, got more`);
}

/** The reason why it was stopped, where it was; whatever else the network and the other side may do. */
function explain(error: unknown, signal: AbortSignal): MedoidError {
  if (signal.aborted) return signal.reason;
  if (error instanceof MedoidError) return error;
  return failed('expected a host that answers, got no connection or one that was cut short', error);
}

/**
 * Only http and https, no credentials, few ports, few redirects, each checked like the first; every address is checked
 * when it is connected to. No cookies, no proxy of the environment, no connection is kept.
 */
export function createImageFetcher(options: ImageFetcherOptions = {}): ImageFetcher {
  const settings: Settings = {
    maxBytes: defaultImageLimits.maxBytes,
    timeoutMs: 10_000,
    allowedPorts: [80, 443],
    allowAddress: () => false,
    resolve: resolveHost,
    ...options,
  };
  const underWay = new Map<AbortController, Promise<Buffer>>();
  let closed = false;

  const fetchWithin = async (url: string, stopping: AbortController): Promise<Buffer> => {
    const { timeoutMs } = settings;
    const timer = setTimeout(
      () => stopping.abort(failed(`expected the picture within ${timeoutMs} ms, got no end of it`)),
      timeoutMs,
    );
    try {
      return await followRedirects(url, settings, stopping.signal);
    } catch (error) {
      throw explain(error, stopping.signal);
    } finally {
      clearTimeout(timer);
    }
  };

  return {
    async fetch(url, signal) {
      if (closed || signal?.aborted) throw interrupted();
      const stopping = new AbortController();
      const stop = (): void => stopping.abort(interrupted());
      signal?.addEventListener('abort', stop);
      const fetching = fetchWithin(url, stopping);
      underWay.set(stopping, fetching);
      try {
        return await fetching;
      } finally {
        signal?.removeEventListener('abort', stop);
        underWay.delete(stopping);
      }
    },
    async close() {
      closed = true;
      for (const stopping of underWay.keys()) stopping.abort(interrupted());
      await Promise.allSettled(underWay.values());
    },
  };
}
