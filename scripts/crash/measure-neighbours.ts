import type { MedoidClient } from '../../src/client/medoid-client.js';
import { firstQueryPicture, sharedCollection } from './desk.js';
import type { PicturePool } from './picture-pool.js';

const queries = 16;
const k = 10;

export interface Neighbours {
  /** Share of the exact 10 nearest that the graph finds, over fixed queries. */
  readonly recall: number;
  /** Ids of the exact ones, a line a query. */
  readonly exact: readonly string[];
}

/** Asks with pictures that no gallery has. */
export async function measureNeighbours(client: MedoidClient, pool: PicturePool): Promise<Neighbours> {
  let [found, all] = [0, 0];
  const exact: string[] = [];
  for (let i = 0; i < queries; i++) {
    const { bytes } = await pool.get(firstQueryPicture + i);
    const ask = async (exactly: boolean): Promise<number[]> =>
      (await client.searchByImage(sharedCollection, bytes, { k, exact: exactly })).results.map(
        ({ item }) => item.id,
      );
    const [truth, graph] = [await ask(true), await ask(false)];
    found += truth.filter(id => graph.includes(id)).length;
    all += truth.length;
    exact.push(truth.join());
  }
  return { recall: all === 0 ? 1 : found / all, exact };
}
