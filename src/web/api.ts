/** What the page uses of the HTTP interface; docs/api.md has all of it. */
export interface Item {
  readonly id: number;
  readonly key: string;
  readonly label: string | null;
}

export interface Collection {
  readonly name: string;
  readonly modelId: string;
  readonly dimension: number;
  readonly items: number;
}

export interface Neighbour {
  readonly item: Item;
  /** 0..2 */
  readonly distance: number;
  /** 0..1; null in a collection too small to say. */
  readonly similarity: number | null;
}

export interface Answer {
  readonly results: readonly Neighbour[];
  /** Cursor of the next page; null where there is none. */
  readonly next: string | null;
  readonly timingsMs: { readonly decode: number; readonly embed: number; readonly search: number };
}

/** A part of a picture, each a share of its width or height, 0..1. */
export interface CropBox {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

export interface SearchOptions {
  readonly k: number;
  readonly onePerLabel: boolean;
  readonly box: CropBox | undefined;
}

/** The server asks for a key, or does not take the one it got. */
export class KeyRefused extends Error {
  constructor(
    message: string,
    /** The one it got. */
    readonly key: string | undefined,
  ) {
    super(message);
  }
}

const pathOf = (collection: string): string => `v1/collections/${encodeURIComponent(collection)}`;

export const imageUrl = (collection: string, { id }: Item): string =>
  `${pathOf(collection)}/items/${id}/image`;

export const thumbnailUrl = (collection: string, { id }: Item, side: number): string =>
  `${pathOf(collection)}/items/${id}/thumbnail?side=${side}`;

const capitalise = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

async function describeFailure(response: Response, key: string | undefined): Promise<Error> {
  const problem: unknown = await response.json().catch(() => undefined);
  const { detail } = (problem ?? {}) as { detail?: unknown };
  const message =
    typeof detail === 'string' ? capitalise(detail) : `The server answered with status ${response.status}.`;
  if (response.status === 401) return new KeyRefused('This key is unknown, or was revoked.', key);
  if (response.status === 403 && key !== undefined) return new KeyRefused(message, key);
  return new Error(message);
}

export type Api = ReturnType<typeof createApi>;

/**
 * Every method throws an Error with the detail of the problem, in words for the reader of the page, or KeyRefused.
 * @param readKey the key to send along, if there is one
 */
export function createApi(readKey: () => string | undefined) {
  async function request(url: string, init: RequestInit = {}): Promise<Response> {
    const key = readKey();
    const headers = new Headers(init.headers);
    if (key !== undefined) headers.set('Authorization', `Bearer ${key}`);
    let response: Response;
    try {
      response = await fetch(url, { ...init, headers });
    } catch (error) {
      if (init.signal?.aborted) throw error;
      throw new Error('The server does not answer.', { cause: error });
    }
    if (response.ok) return response;
    throw await describeFailure(response, key);
  }

  const getJson = async <T>(url: string, init?: RequestInit): Promise<T> =>
    (await (await request(url, init)).json()) as T;

  const askJson = (collection: string, question: object, signal: AbortSignal): Promise<Answer> =>
    getJson<Answer>(`${pathOf(collection)}/search`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(question),
      signal,
    });

  return {
    /** Whether the server has the page that `docs` leads to. */
    hasDocs: async (): Promise<boolean> => (await fetch('docs', { method: 'HEAD' })).ok,

    readPicture: async (url: string, signal: AbortSignal): Promise<Blob> =>
      (await request(url, { headers: { Accept: 'image/webp, image/*' }, signal })).blob(),

    listCollections: async (): Promise<readonly Collection[]> =>
      (await getJson<{ collections: Collection[] }>('v1/collections')).collections,

    listItems: async (
      collection: string,
      { after, limit }: { readonly after: number; readonly limit: number },
    ): Promise<readonly Item[]> => {
      const url = `${pathOf(collection)}/items?after=${after}&limit=${limit}`;
      return (await getJson<{ items: Item[] }>(url)).items;
    },

    searchByImage(
      collection: string,
      image: Blob,
      { k, onePerLabel, box, signal }: SearchOptions & { readonly signal: AbortSignal },
    ): Promise<Answer> {
      const body = new FormData();
      body.append('image', image, 'query');
      const parameters = new URLSearchParams({ k: String(k) });
      if (onePerLabel) parameters.set('onePerLabel', 'true');
      if (box !== undefined) parameters.set('box', JSON.stringify(box));
      return getJson<Answer>(`${pathOf(collection)}/search?${parameters}`, { method: 'POST', body, signal });
    },

    searchByItem: (
      collection: string,
      itemId: number,
      { k, onePerLabel, box, signal }: SearchOptions & { readonly signal: AbortSignal },
    ): Promise<Answer> =>
      askJson(collection, { query: { itemId, box }, k, onePerLabel, includeSelf: true }, signal),

    /** The next page of an answer. */
    searchOn: (collection: string, cursor: string, signal: AbortSignal): Promise<Answer> =>
      askJson(collection, { cursor }, signal),
  };
}
