import type { Collection, Item, MedoidClient } from '../../src/client/medoid-client.js';
import { checkClusters } from './check-clusters.js';
import type { IdBook } from './id-book.js';
import { collectionThing, describeItem, itemThing, type Ledger } from './ledger.js';
import type { PicturePool } from './picture-pool.js';

export interface CheckParts {
  readonly client: MedoidClient;
  readonly ledger: Ledger;
  readonly ids: IdBook;
  readonly pool: PicturePool;
  /** Whether the picture of an item is sent, and its copy asked for: of all it takes long. */
  readonly looksAt: (thing: string) => boolean;
}

export interface Checked {
  /** What was looked at. */
  readonly checks: number;
  /** Each in a line. */
  readonly wrong: readonly string[];
  readonly things: ReadonlyMap<string, string>;
}

interface Present {
  readonly collection: Collection;
  readonly items: readonly Item[];
}

/** Of unit vectors in 32-bit numbers. */
const nothing = 1e-3;
const mostAtOnce = 32;
const mostResults = 1000;
const recentlyRetired = 40;

/** Counts what is looked at, and keeps what is wrong. */
class Findings {
  checks = 0;
  readonly wrong: string[] = [];

  expect(holds: boolean, otherwise: () => string): void {
    this.checks++;
    if (!holds) this.wrong.push(otherwise());
  }
}

/** Until every job has ended: what was accepted is to be there then. */
export async function waitForJobs(client: MedoidClient): Promise<void> {
  for (const state of ['running', 'queued'] as const) {
    const { jobs } = await client.listJobs({ state, limit: 200 });
    for (const { id } of jobs) await client.waitForJob(id);
    if (jobs.length > 0) return waitForJobs(client);
  }
}

async function readPresent(client: MedoidClient): Promise<Present[]> {
  const present: Present[] = [];
  for (const collection of await client.listCollections()) {
    const items: Item[] = [];
    for await (const item of client.eachItem(collection.name)) items.push(item);
    present.push({ collection, items });
  }
  return present;
}

/** All there is to find is found, exactly and through the graph, and nothing else is. */
async function checkSearches(
  { collection: { name, items: count, dimension }, items }: Present,
  { client }: CheckParts,
  findings: Findings,
): Promise<void> {
  findings.expect(
    count === items.length,
    () => `${name} says it has ${count} items, and lists ${items.length}`,
  );
  const expected = items.map(({ id }) => id).sort((a, b) => a - b);
  const vector = Array.from({ length: dimension }, (_, d) => (d === 0 ? 1 : 0));
  for (const exact of [true, false]) {
    const { results } = await client.search(name, { query: { vector }, k: mostResults, exact });
    const found = results.map(({ item }) => item.id).sort((a, b) => a - b);
    findings.expect(
      found.join() === expected.slice(0, mostResults).join(),
      () =>
        `${name}: a search (exact: ${exact}) for all finds ${found.length} of ${expected.length}: ${found}`,
    );
    for (let start = 0; start < items.length; start += mostAtOnce) {
      const asked = items.slice(start, start + mostAtOnce);
      const answers = await client.searchBatch(
        name,
        asked.map(({ id }) => ({ query: { itemId: id }, includeSelf: true, k: 20, exact })),
      );
      for (const [i, answer] of answers.entries()) {
        const self =
          'results' in answer ? answer.results.find(({ item }) => item.id === asked[i].id) : undefined;
        findings.expect(
          self !== undefined && self.distance < nothing,
          () => `${name}/${asked[i].key} is not found (exact: ${exact}) by its own vector: ${self?.distance}`,
        );
      }
    }
  }
}

/** The picture that was sent is the one that is kept: it finds its item, and a copy of it can be had. */
async function checkPicture(
  { name, item }: { readonly name: string; readonly item: Item },
  { client, pool }: CheckParts,
  findings: Findings,
): Promise<void> {
  const { bytes } = pool.find(item.imageSha256);
  for (const exact of [true, false]) {
    const { results } = await client.searchByImage(name, bytes, { k: 50, exact });
    const self = results.find(result => result.item.id === item.id);
    findings.expect(
      self !== undefined && self.distance < nothing,
      () => `${name}/${item.key} is not found (exact: ${exact}) by its own picture: ${self?.distance}`,
    );
  }
  const copy = await client.getItemImage(name, item.id).catch(error => error as Error);
  findings.expect(
    copy instanceof Blob && copy.size > 0,
    () => `${name}/${item.key}: its picture cannot be had: ${copy}`,
  );
}

async function checkGone({ client, ids, ledger }: CheckParts, findings: Findings): Promise<void> {
  for (const [id, thing] of [...ids.retired].slice(-recentlyRetired)) {
    const [, collection] = /^item ([^/]+)\//.exec(thing) ?? [];
    if (collection === undefined || !ledger.things.has(collectionThing(collection))) continue;
    const answer = await client.getItem(collection, id).catch(error => error as { status?: number });
    findings.expect(
      'status' in answer && answer.status === 404,
      () => `${thing}, id ${id}, is gone, and answers`,
    );
  }
}

/** Holds what a server answers against the ledger, and takes it for true afterwards. */
export async function checkGallery(parts: CheckParts): Promise<Checked> {
  const { client, ledger, ids } = parts;
  const findings = new Findings();
  await waitForJobs(client);
  const present = await readPresent(client);
  const things = new Map<string, string>();
  const actualIds = new Map<string, number>();
  for (const { collection, items } of present) {
    things.set(collectionThing(collection.name), 'there');
    for (const item of items) {
      things.set(itemThing(collection.name, item.key), describeItem(item));
      actualIds.set(itemThing(collection.name, item.key), item.id);
    }
  }
  findings.checks += things.size;
  findings.wrong.push(...ledger.compare(things), ...ids.compare(actualIds));
  ledger.settle(things);
  for (const part of present) {
    await checkSearches(part, parts, findings);
    const clusters = await checkClusters(client, part.collection.name, part.items);
    findings.checks += clusters.checks;
    findings.wrong.push(...clusters.wrong);
    for (const item of part.items) {
      const { name } = part.collection;
      if (parts.looksAt(itemThing(name, item.key))) await checkPicture({ name, item }, parts, findings);
    }
  }
  await checkGone(parts, findings);
  return { checks: findings.checks, wrong: findings.wrong, things };
}
