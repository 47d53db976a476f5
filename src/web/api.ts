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

export interface Answer {
  readonly results: readonly { readonly distance: number; readonly item: Item }[];
  readonly timingsMs: { readonly decode: number; readonly embed: number; readonly search: number };
}

const pathOf = (collection: string): string => `v1/collections/${encodeURIComponent(collection)}`;

export const imageUrl = (collection: string, { id }: Item): string =>
  `${pathOf(collection)}/items/${id}/image`;

export const thumbnailUrl = (collection: string, { id }: Item, side: number): string =>
  `${pathOf(collection)}/items/${id}/thumbnail?side=${side}`;

/** @throws Error with the detail of the problem, in words for the reader of the page */
async function request(url: string, init: RequestInit = {}): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(url, init);
  } catch (error) {
    if (init.signal?.aborted) throw error;
    throw new Error('The server does not answer.', { cause: error });
  }
  if (response.ok) return response;
  const problem: unknown = await response.json().catch(() => undefined);
  const detail = (problem as { detail?: unknown } | undefined)?.detail;
  throw new Error(
    typeof detail === 'string' ? detail : `The server answered with status ${response.status}.`,
  );
}

const getJson = async <T>(url: string, init?: RequestInit): Promise<T> =>
  (await (await request(url, init)).json()) as T;

export const readBlob = async (url: string, signal: AbortSignal): Promise<Blob> =>
  (await request(url, { signal })).blob();

export const listCollections = async (): Promise<readonly Collection[]> =>
  (await getJson<{ collections: Collection[] }>('v1/collections')).collections;

export const listItems = async (
  collection: string,
  { after, limit }: { readonly after: number; readonly limit: number },
): Promise<readonly Item[]> =>
  (await getJson<{ items: Item[] }>(`${pathOf(collection)}/items?after=${after}&limit=${limit}`)).items;

export function search(
  collection: string,
  image: Blob,
  { k, signal }: { readonly k: number; readonly signal: AbortSignal },
): Promise<Answer> {
  const body = new FormData();
  body.append('image', image, 'query');
  return getJson<Answer>(`${pathOf(collection)}/search?k=${k}`, { method: 'POST', body, signal });
}
