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

/** Distances are 32-bit numbers, computed in two ways. */
const rounding = 1e-5;

/** Asks with pictures that no gallery has. Of items as far away as the tenth any will do: many have the same picture. */
export async function measureNeighbours(client: MedoidClient, pool: PicturePool): Promise<Neighbours> {
  let [found, all] = [0, 0];
  const exact: string[] = [];
  for (let i = 0; i < queries; i++) {
    const { bytes } = await pool.get(firstQueryPicture + i);
    const ask = async (exactly: boolean) =>
      (await client.searchByImage(sharedCollection, bytes, { k, exact: exactly })).results;
    const [truth, graph] = [await ask(true), await ask(false)];
    const farthest = (truth.at(-1)?.distance ?? 0) + rounding;
    found += graph.filter(({ distance }) => distance <= farthest).length;
    all += truth.length;
    exact.push(truth.map(({ item }) => item.id).join());
  }
  return { recall: all === 0 ? 1 : found / all, exact };
}
