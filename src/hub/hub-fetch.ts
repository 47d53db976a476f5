import { setTimeout as wait } from 'node:timers/promises';
import { MedoidError, messageOf } from '../errors.js';
import { isLoopback } from '../is-loopback.js';

/** How patient one is with a hub. */
export interface HubPatience {
  /** Nothing comes for so long: as if the connection were cut. */
  readonly stallMs: number;
  /** Before each further try, where the other side is busy or does not answer. */
  readonly retryDelaysMs: readonly number[];
}

export const defaultPatience: HubPatience = { stallMs: 60_000, retryDelaysMs: [1_000, 2_000, 4_000, 8_000] };

export interface HubFetchOptions extends HubPatience {
  readonly hubUrl: string;
  /** For the hub only: never sent anywhere else that it redirects to. */
  readonly token?: string | undefined;
  readonly signal: AbortSignal;
}

const maxRedirects = 10;
const redirectStatuses: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
const busyStatuses: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);
/** As long as a hub may ask to be left alone. */
const longestRetryAfterMs = 60_000;

/** @throws MedoidError `url-not-allowed` for one over which bytes or a token could be read or changed on the way */
export function requireSafeUrl(url: URL): void {
  if (url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(hostOf(url)))) return;
  throw new MedoidError('url-not-allowed', `expected https, got ${url.protocol}//${url.host}`, {
    field: 'url',
  });
}

const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[(.*)\]$/, '$1');

interface Asked {
  readonly method: string;
  readonly headers: Headers;
  readonly body: NonNullable<RequestInit['body']> | null;
}

async function askOnce(url: URL, asked: Asked, options: HubFetchOptions): Promise<Response> {
  const { hubUrl, token, signal, stallMs } = options;
  requireSafeUrl(url);
  const headers = new Headers(asked.headers);
  headers.delete('authorization');
  headers.set('user-agent', 'medoid');
  if (token !== undefined && url.origin === new URL(hubUrl).origin) {
    headers.set('authorization', `Bearer ${token}`);
  }
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(new Error(`nothing came for ${stallMs} ms`)), stallMs);
  try {
    return await fetch(url, {
      ...{ method: asked.method, body: asked.body, headers },
      redirect: 'manual',
      signal: AbortSignal.any([signal, silence.signal]),
    });
  } catch (error) {
    signal.throwIfAborted();
    const reason = error instanceof Error && error.cause !== undefined ? error.cause : error;
    throw new MedoidError(
      'fetch-failed',
      `expected an answer of ${url.host}, got none: ${messageOf(reason)}`,
      {
        cause: error,
      },
    );
  } finally {
    clearTimeout(timer);
  }
}

/** As fetch does it, but each address is looked at before anything is sent there. */
async function followRedirects(first: URL, asked: Asked, options: HubFetchOptions): Promise<Response> {
  let url = first;
  let request = asked;
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const response = await askOnce(url, request, options);
    const target = response.headers.get('location');
    if (!redirectStatuses.has(response.status) || target === null) return response;
    await response.body?.cancel();
    if (!URL.canParse(target, url.href)) {
      throw new MedoidError('fetch-failed', `${url.host} redirects to ${target}, which is no address`);
    }
    const becomesGet = response.status === 303 || (request.method === 'POST' && response.status < 303);
    if (becomesGet) request = { ...request, method: 'GET', body: null };
    url = new URL(target, url);
  }
  throw new MedoidError(
    'fetch-failed',
    `expected at most ${maxRedirects} redirects from ${first.host}, got more`,
  );
}

const isUnanswered = (error: unknown): boolean =>
  error instanceof MedoidError && error.code === 'fetch-failed' && error.cause !== undefined;

function delayOf(response: Response | undefined, delayMs: number): number {
  const askedMs = 1000 * Number(response?.headers.get('retry-after') ?? 0);
  return Math.min(Math.max(delayMs, Number.isFinite(askedMs) ? askedMs : 0), longestRetryAfterMs);
}

/**
 * `fetch` for a hub and where it redirects to: https or loopback only, the token for the hub alone, tried again where
 * nobody answers or who does is busy. Answers of any other status are handed out.
 * @throws MedoidError, from the function returned, `fetch-failed`, `url-not-allowed`, or the reason of `signal`
 */
export function createHubFetch(options: HubFetchOptions): typeof fetch {
  const { retryDelaysMs, signal } = options;
  return async (input, init = {}) => {
    const url = new URL(String(input instanceof Request ? input.url : input));
    const { method = 'GET', body = null } = init;
    const asked: Asked = { method, body, headers: new Headers(init.headers) };
    for (const delayMs of retryDelaysMs) {
      const response = await followRedirects(url, asked, options).catch(error => {
        if (!isUnanswered(error)) throw error;
        return undefined;
      });
      if (response !== undefined && !busyStatuses.has(response.status)) return response;
      await response?.body?.cancel();
      await wait(delayOf(response, delayMs), undefined, { signal }).catch(() => signal.throwIfAborted());
    }
    return followRedirects(url, asked, options);
  };
}
