import type { Request } from 'autocannon';
import { createRandom } from '../../src/math/random.js';
import {
  clustersOf,
  collectionName,
  createVector,
  drawQueryPicture,
  itemsOfAPriceUnit,
  lotsOf,
  picturesOf,
} from './make-gallery.js';

/** Of the gallery that is asked. */
interface Asked {
  readonly items: number;
  readonly dimension: number;
  readonly seed: number;
}

/** One way of searching, as many different requests as it takes for none to be answered from what the last one left. */
export interface Search {
  readonly name: string;
  createRequests(asked: Asked): Request[] | Promise<Request[]>;
}

const differentQueries = 256;
const differentPictures = 64;
/** So few that the server knows the items of each after the warm-up. */
const fewLots = 8;
const path = `/v1/collections/${collectionName}/search`;

const repeat = <T>(count: number, work: (i: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => work(i));

const ask = (body: unknown): Request => ({
  method: 'POST',
  path,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
});

/** Near a centre, like an item, but none of them. With six digits, as most send them. */
const createQuery = ({ items, dimension, seed }: Asked, i: number): number[] =>
  Array.from(createVector(dimension, { seed, cluster: i % clustersOf(items), name: `query/${i}` }), value =>
    Number(value.toFixed(6)),
  );

const byVector = (name: string, options: (i: number, asked: Asked) => object = () => ({})): Search => ({
  name,
  createRequests: asked =>
    repeat(differentQueries, i => ask({ query: { vector: createQuery(asked, i) }, ...options(i, asked) })),
});

const drawPictures = ({ items, seed }: Asked): Promise<Buffer[]> =>
  Promise.all(repeat(differentPictures, i => drawQueryPicture(seed, i % picturesOf(items))));

const byPicture = (
  name: string,
  toRequest: (picture: Buffer) => Pick<Request, 'headers' | 'body'>,
): Search => ({
  name,
  createRequests: async asked =>
    (await drawPictures(asked)).map(picture => ({ method: 'POST', path, ...toRequest(picture) })),
});

const boundary = 'load-boundary';

function toForm(picture: Buffer): Buffer {
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="image"; filename="query.jpg"\r\nContent-Type: image/jpeg\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), picture, Buffer.from(`\r\n--${boundary}--\r\n`)]);
}

export const searchById: Search = {
  name: 'by-id',
  createRequests({ items, seed }) {
    const random = createRandom(`${seed}/load/ids`);
    return repeat(differentQueries, () => ask({ query: { itemId: 1 + random.integer(items) } }));
  },
};

export const searchByPicture = byPicture('by-picture', picture => ({
  headers: { 'content-type': 'image/jpeg' },
  body: picture,
}));

/** As narrow as the filter by lot, but never the same twice: the server cannot know its items from a search before. */
const searchByNewFilter: Search = {
  name: 'new-filter',
  createRequests(asked) {
    const span = Math.max(1, asked.items / itemsOfAPriceUnit - 1);
    let asks = 0;
    return repeat(differentQueries, i => ({
      ...ask({}),
      setupRequest(request) {
        const gte = (asks++ / 1000) % span;
        const filter = { field: 'metadata.price', range: { gte, lt: gte + 1 } };
        return { ...request, body: JSON.stringify({ query: { vector: createQuery(asked, i) }, filter }) };
      },
    }));
  },
};

/** The ten nearest, each in its own way. */
export const searches = [
  byVector('by-vector'),
  searchById,
  searchByPicture,
  byPicture('by-form', picture => ({
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
    body: toForm(picture),
  })),
  byVector('narrow-filter', (i, { items }) => ({
    filter: { field: 'metadata.lot', equals: i % Math.min(fewLots, lotsOf(items)) },
  })),
  searchByNewFilter,
  byVector('wide-filter', () => ({ filter: { field: 'metadata.inStock', equals: true } })),
  byVector('exact', () => ({ exact: true })),
] as const;
