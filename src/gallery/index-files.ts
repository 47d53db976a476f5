import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { removeSnapshot } from '../vector-index/snapshot.js';

/** Where the snapshot of a set of vectors lies; its manifest lies beside it. @param directory `index/` of the gallery */
export const indexPath = (directory: string, setId: number): string => join(directory, `${setId}.hnsw`);

export async function removeIndexFiles(directory: string, setIds: readonly number[]): Promise<void> {
  for (const id of setIds) await removeSnapshot(indexPath(directory, id));
}

/** Removes what a process that was killed left behind: half-written files, and snapshots of sets that are gone. */
export async function removeStaleIndexFiles(directory: string, setIds: readonly number[]): Promise<void> {
  const present = new Set(setIds.map(String));
  for (const name of await readdir(directory)) {
    const [, setId, temporary] = /^(\d+)\.(?:hnsw|json)(\.tmp)?$/.exec(name) ?? [];
    if (setId === undefined || (present.has(setId) && temporary === undefined)) continue;
    await rm(join(directory, name), { force: true });
  }
}
