import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { MedoidClient } from '../../src/client/medoid-client.js';

/** What would grow if something were never given back. */
export const judged = ['residentMiB', 'heapMiB', 'externalMiB', 'openFiles', 'diskMiB'] as const;

export type Sample = Readonly<Record<(typeof judged)[number] | 'eventLoopLagMs' | 'items', number>>;

const mebibyte = 2 ** 20;

const unlessGone = async <T>(looking: Promise<T>, otherwise: T): Promise<T> => {
  try {
    return await looking;
  } catch (error) {
    // Files come and go while they are counted.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return otherwise;
    throw error;
  }
};

/** Bytes of all files of a folder that others write to. */
async function bytesOf(directory: string): Promise<number> {
  const entries = await unlessGone(readdir(directory, { withFileTypes: true }), []);
  const sizes = await Promise.all(
    entries.map(entry => {
      const path = join(directory, entry.name);
      if (entry.isDirectory()) return bytesOf(path);
      return unlessGone(
        stat(path).then(({ size }) => size),
        0,
      );
    }),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** Where the system says how many; as the server itself counts them otherwise. */
const countOpenFiles = async (pid: number, counted: number): Promise<number> =>
  process.platform === 'linux' ? (await readdir(`/proc/${pid}/fd`)).length : counted;

export async function sampleServer(
  client: MedoidClient,
  { pid, directory }: { readonly pid: number; readonly directory: string },
): Promise<Sample> {
  const text = await client.getMetrics();
  const measured = (name: string): number =>
    Number(
      text
        .split('\n')
        .find(line => line.startsWith(`${name} `) || line.startsWith(`${name}{`))
        ?.split(' ')
        .at(-1),
    );
  return {
    residentMiB: measured('process_resident_memory_bytes') / mebibyte,
    heapMiB: measured('nodejs_heap_size_used_bytes') / mebibyte,
    externalMiB: measured('nodejs_external_memory_bytes') / mebibyte,
    openFiles: await countOpenFiles(pid, measured('process_open_fds')),
    diskMiB: (await bytesOf(directory)) / mebibyte,
    eventLoopLagMs: 1000 * measured('nodejs_eventloop_lag_p99_seconds'),
    items: measured('medoid_collection_items'),
  };
}
