import { existsSync } from 'node:fs';
import { copyFile, mkdir, readFile, rm, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { Catalog } from '../../src/catalog/catalog.js';
import { collectionThing, describeItem, itemThing, type Ledger } from './ledger.js';
import { checkpointedFrames, listWalCommits, type WalCommit } from './wal-commits.js';

interface State {
  readonly things: ReadonlyMap<string, string>;
  readonly images: ReadonlySet<string>;
}

const pageSize = 1000;

function readState(path: string): State {
  const catalog = Catalog.open(path, { access: 'read' });
  try {
    const things = new Map<string, string>();
    const images = new Set<string>();
    for (const { id: collectionId, name } of catalog.listCollections()) {
      things.set(collectionThing(name), 'there');
      for (let afterId = 0; ; ) {
        const rows = catalog.listItems(collectionId, { afterId, limit: pageSize });
        for (const row of rows) {
          things.set(itemThing(name, row.key), describeItem(row));
          images.add(row.imageSha256);
        }
        if (rows.length < pageSize) break;
        afterId = rows[rows.length - 1].id;
      }
    }
    // Whatever jobs there are, and how far they got, was acknowledged or is part of what was.
    for (const { id, state } of catalog.jobs.list({ afterId: 0, limit: 10_000 }))
      things.set(`job ${id}`, state);
    return { things, images };
  } finally {
    catalog.close();
  }
}

/** Whether a power cut may have left the catalog as it was at `before`, though the file has `last`. */
function mayBeLost(
  { before, last }: { readonly before: State; readonly last: State },
  { directory, ledger }: { readonly directory: string; readonly ledger: Ledger },
): boolean {
  const unsettled = ledger.unsettled();
  const names = new Set([...before.things.keys(), ...last.things.keys()]);
  const changed = [...names].filter(name => before.things.get(name) !== last.things.get(name));
  if (!changed.every(name => unsettled.has(name))) return false;
  // An image that was removed tells that the commit that let go of it had been synced.
  return [...before.images].every(sha256 =>
    existsSync(join(directory, 'images', sha256.slice(0, 2), sha256)),
  );
}

/** The catalog as it would be if the log ended at a commit, in a copy. */
async function readAt({ end }: WalCommit, directory: string, scratch: string): Promise<State> {
  await rm(scratch, { recursive: true, force: true });
  await mkdir(scratch, { recursive: true });
  const copy = join(scratch, 'catalog.sqlite');
  await copyFile(join(directory, 'catalog.sqlite'), copy);
  await copyFile(join(directory, 'catalog.sqlite-wal'), `${copy}-wal`);
  await truncate(`${copy}-wal`, end);
  return readState(copy);
}

/**
 * Where the write-ahead log of a killed server may be cut. Each commit is synced before anything rests on it, so only the
 * last can have been lost, and only if nobody has heard of it.
 * @returns bytes up to the last commit that must stay, and up to the last there is
 */
export async function findUnsyncedEnd({
  directory,
  keep,
  ledger,
}: {
  readonly directory: string;
  /** Folder that a scratch folder may be made in. */
  readonly keep: string;
  readonly ledger: Ledger;
}): Promise<{ readonly keepsAcknowledged: number; readonly lastCommit: number }> {
  const path = join(directory, 'catalog.sqlite');
  const commits = listWalCommits(await readFile(`${path}-wal`));
  const last = commits.at(-1);
  const lastCommit = last?.end ?? 0;
  const before = commits.at(-2);
  const shared = existsSync(`${path}-shm`) ? await readFile(`${path}-shm`) : undefined;
  const isCheckpointed = shared === undefined || checkpointedFrames(shared) > (before?.frames ?? 0);
  if (last === undefined || before === undefined || isCheckpointed)
    return { keepsAcknowledged: lastCommit, lastCommit };
  const scratch = join(keep, 'scratch');
  const states = {
    before: await readAt(before, directory, scratch),
    last: await readAt(last, directory, scratch),
  };
  await rm(scratch, { recursive: true, force: true });
  const isOpen = mayBeLost(states, { directory, ledger });
  return { keepsAcknowledged: isOpen ? before.end : lastCommit, lastCommit };
}
