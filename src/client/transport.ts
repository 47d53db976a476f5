import { delay } from './delay.js';
import { type ProblemError, readProblem } from './problem-error.js';

export interface ClientOptions {
  /** Where the server answers, such as `http://127.0.0.1:8080`. */
  readonly baseUrl: string;
  /** Of `medoid keys create`; needed where the server asks for one. */
  readonly apiKey?: string;
  /**
   * How often a request that the server had no room for (429, 503) is sent again, after the time it asks for, at most a
   * minute; 2 unless given. One that may have been carried out is sent again only if doing it twice is doing it once.
   */
  readonly retries?: number;
  /** The `fetch` of the platform unless given. */
  readonly fetch?: typeof fetch;
}

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

export interface Message extends CallOptions {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Parts of the path, each encoded. */
  readonly path: readonly (string | number)[];
  /** Objects are sent as JSON; what is undefined is left out. */
  readonly query?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  readonly json?: unknown;
  readonly form?: FormData;
  /** Whether doing it twice is doing it once, though it is no GET. */
  readonly repeatable?: boolean;
}

const longestWaitSeconds = 60;

function urlOf(baseUrl: string, { path, query = {} }: Message): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined)
      parameters.set(name, typeof value === 'object' ? JSON.stringify(value) : String(value));
  }
  const asked = parameters.size === 0 ? '' : `?${parameters}`;
  return `${baseUrl.replace(/\/+$/, '')}/${path.map(part => encodeURIComponent(part)).join('/')}${asked}`;
}

/** What was refused before anything was done, and may be sent again whatever it is. */
const untouched: readonly ProblemError['code'][] = ['overloaded', 'rate-limited'];

/** Seconds after which it may be sent again; nothing where that could do something twice, or takes too long. */
function waitOf(
  { retryAfterSeconds, code, status }: ProblemError,
  { method, repeatable }: Message,
): number | undefined {
  const isAsked = status === 429 || status === 503;
  if (!isAsked || retryAfterSeconds === undefined || retryAfterSeconds > longestWaitSeconds) return undefined;
  return untouched.includes(code) || method === 'GET' || repeatable === true ? retryAfterSeconds : undefined;
}

/** Sends one message and answers a success; @throws ProblemError for anything else */
export type Send = (message: Message) => Promise<Response>;

export function createTransport({
  baseUrl,
  apiKey,
  retries = 2,
  fetch: fetchOf = fetch,
}: ClientOptions): Send {
  return async message => {
    const { method, headers, json, form, signal } = message;
    const init = {
      method,
      headers: {
        ...(apiKey === undefined ? {} : { Authorization: `Bearer ${apiKey}` }),
        ...(json === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(json === undefined ? {} : { body: JSON.stringify(json) }),
      ...(form === undefined ? {} : { body: form }),
      ...(signal === undefined ? {} : { signal }),
    };
    for (let attempt = 0; ; attempt++) {
      const response = await fetchOf(urlOf(baseUrl, message), init);
      if (response.ok) return response;
      const problem = await readProblem(response);
      const seconds = waitOf(problem, message);
      if (seconds === undefined || attempt >= retries) throw problem;
      await delay(seconds * 1000, signal);
    }
  };
}
