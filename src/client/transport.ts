import { setTimeout as delay } from 'node:timers/promises';
import { readProblem } from './problem-error.js';

export interface ClientOptions {
  /** Where the server answers, such as `http://127.0.0.1:8080`. */
  readonly baseUrl: string;
  /** Of `medoid keys create`; needed where the server asks for one. */
  readonly apiKey?: string;
  /** How often a request that the server had no room for is sent again, after the time it asks for; 2 unless given. */
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
}

const longestWaitSeconds = 30;

function urlOf(baseUrl: string, { path, query = {} }: Message): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined)
      parameters.set(name, typeof value === 'object' ? JSON.stringify(value) : String(value));
  }
  const asked = parameters.size === 0 ? '' : `?${parameters}`;
  return `${baseUrl.replace(/\/+$/, '')}/${path.map(part => encodeURIComponent(part)).join('/')}${asked}`;
}

/** Seconds that the server asks to wait; nothing when it refused for good. */
function waitOf(response: Response): number | undefined {
  if (response.status !== 429 && response.status !== 503) return undefined;
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return seconds <= longestWaitSeconds ? seconds : undefined;
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
      const seconds = waitOf(response);
      if (seconds === undefined || attempt >= retries) throw await readProblem(response);
      await response.body?.cancel();
      await delay(seconds * 1000, undefined, signal === undefined ? {} : { signal });
    }
  };
}
