import type { Catalog } from '../catalog/catalog.js';
import type { ItemRow } from '../catalog/rows.js';
import { MedoidError } from '../errors.js';
import type { CropBox } from '../images/crop-box.js';
import { normalise } from '../math/vectors.js';
import type { EmbeddingSpace } from './embedding-space.js';
import type { ImageStore } from './image-store.js';
import { readStoredImage } from './read-stored-image.js';
import type { Query, SearchTimings } from './search-question.js';

export interface QueryTools {
  readonly catalog: Catalog;
  readonly collectionId: number;
  readonly images: ImageStore;
  readonly signal?: AbortSignal | undefined;
}

export interface EmbeddedQuery {
  /** [dimension], of unit length. */
  readonly vector: Float32Array;
  /** Items that were asked with. */
  readonly itemIds: readonly number[];
  readonly timingsMs: Omit<SearchTimings, 'search'>;
}

/** A query as far as it can be told without the model. */
type Draft =
  | { readonly vector: Float32Array; readonly itemId?: number }
  | {
      readonly image: () => Promise<Uint8Array>;
      readonly box: CropBox | undefined;
      readonly itemId?: number;
    };

function findItem(
  query: (Query & { itemId: number }) | (Query & { itemKey: string }),
  tools: QueryTools,
): ItemRow {
  const { catalog, collectionId } = tools;
  const [row, shown, field] =
    'itemId' in query
      ? [catalog.findItem(collectionId, query.itemId), query.itemId, 'itemId']
      : [catalog.findItemByKey(collectionId, query.itemKey), JSON.stringify(query.itemKey), 'itemKey'];
  if (row !== undefined) return row;
  throw new MedoidError('not-found', `the collection has no item ${shown}`, { field });
}

/** @throws MedoidError `invalid-vector` */
function toUnitVector(vector: Float32Array, dimension: number): Float32Array {
  if (vector.length !== dimension) {
    throw new MedoidError(
      'invalid-vector',
      `expected a vector of ${dimension} numbers, got ${vector.length}`,
      {
        field: 'vector',
      },
    );
  }
  const unit = normalise(vector.slice());
  if (unit.every(Number.isFinite) && unit.some(value => value !== 0)) return unit;
  throw new MedoidError('invalid-vector', 'expected a vector of finite numbers, not all of them 0', {
    field: 'vector',
  });
}

function draft(query: Query, space: EmbeddingSpace, tools: QueryTools): Draft {
  if ('vector' in query) return { vector: toUnitVector(query.vector, space.dimension) };
  if ('image' in query) return { image: query.image, box: query.box };
  const { id } = findItem(query, tools);
  const vector = query.box === undefined ? space.embeddingOf(id) : undefined;
  if (vector !== undefined) return { vector, itemId: id };
  const image = async (): Promise<Uint8Array> =>
    (await readStoredImage(() => findItem({ itemId: id }, tools), tools.images)).bytes;
  return { image, box: query.box, itemId: id };
}

/** Runs the work and adds how long it took to what it took before. */
async function timed<T>(
  timings: Record<'fetch' | 'decode' | 'embed', number>,
  stage: 'fetch' | 'decode' | 'embed',
  work: () => Promise<T>,
): Promise<T> {
  const began = performance.now();
  const result = await work();
  timings[stage] += performance.now() - began;
  return result;
}

/**
 * Several views of one thing as one query: the mean of their unit embeddings, scaled to unit length.
 * @throws MedoidError `invalid-vector`, `not-found`, or of an image's own fault
 */
export async function embedQueries(
  queries: readonly Query[],
  space: EmbeddingSpace,
  tools: QueryTools,
): Promise<EmbeddedQuery> {
  const timings = { fetch: 0, decode: 0, embed: 0 };
  const drafts = queries.map(query => draft(query, space, tools));
  const toRead = drafts.filter((one): one is Extract<Draft, { image: unknown }> => 'image' in one);
  const vectors = drafts.flatMap(one => ('vector' in one ? [one.vector] : []));
  if (toRead.length > 0) {
    const { signal } = tools;
    const images = await timed(timings, 'fetch', () => Promise.all(toRead.map(({ image }) => image())));
    const pixels = await timed(timings, 'decode', () =>
      Promise.all(images.map((image, i) => space.embedder.decode(image, { box: toRead[i].box, signal }))),
    );
    vectors.push(...(await timed(timings, 'embed', () => space.embedder.embedPixels(pixels, { signal }))));
  }
  const itemIds = drafts.flatMap(({ itemId }) => (itemId === undefined ? [] : [itemId]));
  return { vector: meanOf(vectors, space.dimension), itemIds, timingsMs: timings };
}

function meanOf(vectors: readonly Float32Array[], dimension: number): Float32Array {
  if (vectors.length === 1) return vectors[0];
  const sum = new Float32Array(dimension);
  for (const vector of vectors) for (let d = 0; d < dimension; d++) sum[d] += vector[d];
  return toUnitVector(sum, dimension);
}
