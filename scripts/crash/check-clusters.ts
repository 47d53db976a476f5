import { type MedoidClient, ProblemError } from '../../src/client/medoid-client.js';

interface Found {
  readonly itemIds: readonly number[];
  readonly wrong: readonly string[];
}

/** Nothing where the items join none. */
async function readClusters(client: MedoidClient, name: string): Promise<Found | undefined> {
  const itemIds: number[] = [];
  const wrong: string[] = [];
  try {
    for (let after: number | null = 0; after !== null; ) {
      const page = await client.listClusters(name, { order: 'id', after, limit: 200 });
      for (const { id, medoid } of page.clusters) {
        const own: number[] = [];
        for (let from: number | null = 0; from !== null; ) {
          const { members, next } = await client.getCluster(name, id, { after: from, limit: 200 });
          own.push(...members.map(({ item }) => item.id));
          from = next;
        }
        if (medoid === null || !own.includes(medoid))
          wrong.push(`${name}: cluster ${id} has no medoid of its own`);
        itemIds.push(...own);
      }
      after = page.next;
    }
    return { itemIds, wrong };
  } catch (error) {
    if (error instanceof ProblemError && error.code === 'not-found') return undefined;
    throw error;
  }
}

/** Where items join clusters, each is in exactly one. @returns how many were looked at, and what is wrong */
export async function checkClusters(
  client: MedoidClient,
  name: string,
  items: readonly { readonly id: number }[],
): Promise<{ readonly checks: number; readonly wrong: readonly string[] }> {
  const found = await readClusters(client, name);
  if (found === undefined) return { checks: 0, wrong: [] };
  const present = items.map(({ id }) => id).sort((a, b) => a - b);
  const placed = [...found.itemIds].sort((a, b) => a - b);
  const isSame = present.join() === placed.join();
  const difference = isSame ? [] : [`${name}: the items are ${present}, those in clusters ${placed}`];
  return { checks: 1 + items.length, wrong: [...found.wrong, ...difference] };
}
