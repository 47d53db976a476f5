import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, rm, stat } from 'node:fs/promises';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { moveIntoPlace, replaceFile, syncPath } from '../durable-file.js';
import { MedoidError, messageOf } from '../errors.js';
import type { SnapshotIdentity } from './vector-index.js';

/** Lies beside an index file and says what the file must be. */
const manifestSchema = z.strictObject({
  formatVersion: z.literal(1),
  kind: z.enum(['exact', 'hnsw']),
  modelId: z.string().min(1),
  dimension: z.int().min(1),
  space: z.literal('l2'),
  /** Parameters of the graph. */
  parameters: z.record(z.string(), z.number()),
  /** Vectors in the file. */
  count: z.int().min(0),
  /** Ids that no search may find and no add may use; their vectors may be in the file. */
  removedIds: z.array(z.int().min(0)),
  /** Highest vector id of the catalog that the index has seen. */
  lastVectorId: z.int().min(0),
  /** Of the fields above as JSON, followed by the file. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

export type SnapshotManifest = z.infer<typeof manifestSchema>;
type Signed = Omit<SnapshotManifest, 'sha256'>;
export type SnapshotDescription = Omit<Signed, 'formatVersion' | 'space'>;

export const manifestPath = (path: string): string => `${path.replace(/\.[^./\\]*$/, '')}.json`;

async function hashSnapshot(path: string, signed: Signed): Promise<string> {
  const fields = Object.keys(manifestSchema.shape).filter(name => name !== 'sha256') as (keyof Signed)[];
  const hash = createHash('sha256').update(JSON.stringify(fields.map(name => [name, signed[name]])));
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}

/** Changes when a file is replaced or written to. */
async function fileIdentity(path: string): Promise<string> {
  const { ino, size, mtimeNs } = await stat(path, { bigint: true });
  return `${ino}/${size}/${mtimeNs}`;
}

const unusable = (path: string, reason: string, cause?: unknown): MedoidError =>
  new MedoidError('invalid-index', `${path}: ${reason}`, { cause });

/**
 * Temporary file → read back → fsync → rename → fsync folder; the file first, then its manifest, so that a crash in
 * between leaves a hash that does not fit.
 * @param write fills the temporary file
 * @param verify loads it again and throws when it is not what was meant
 */
export async function writeSnapshot(
  path: string,
  description: SnapshotDescription,
  { write, verify }: { write: (path: string) => void; verify: (path: string) => Promise<void> },
): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    write(temporary);
    await syncPath(temporary);
    await verify(temporary);
    const signed = { formatVersion: 1 as const, space: 'l2' as const, ...description };
    const manifest: SnapshotManifest = { ...signed, sha256: await hashSnapshot(temporary, signed) };
    await moveIntoPlace(temporary, path);
    await replaceFile(manifestPath(path), `${JSON.stringify(manifest)}\n`);
  } catch (error) {
    await rm(temporary, { force: true });
    if (error instanceof MedoidError) throw error;
    throw unusable(path, `could not be written: ${messageOf(error)}`, error);
  }
}

async function readManifest(path: string): Promise<SnapshotManifest> {
  try {
    return manifestSchema.parse(JSON.parse(await readFile(manifestPath(path), 'utf8')));
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error) : messageOf(error);
    throw unusable(manifestPath(path), `is not a manifest of an index: ${reason}`, error);
  }
}

/**
 * Checks file against manifest, then lets `load` read it. A file replaced meanwhile is noticed.
 * @throws MedoidError `invalid-index` whatever is wrong: nothing half-read is handed out
 */
export async function readSnapshot<T>(
  path: string,
  expected: SnapshotIdentity & { readonly kind: SnapshotManifest['kind'] },
  load: (manifest: SnapshotManifest) => Promise<T>,
): Promise<T> {
  const manifest = await readManifest(path);
  for (const name of ['kind', 'modelId', 'dimension'] as const) {
    if (manifest[name] === expected[name]) continue;
    throw unusable(path, `expected ${name} ${expected[name]}, got ${manifest[name]}`);
  }
  try {
    const before = await fileIdentity(path);
    const actual = await hashSnapshot(path, manifest);
    if (actual !== manifest.sha256) {
      throw unusable(path, `expected SHA-256 ${manifest.sha256}, got ${actual}: damaged, or half replaced`);
    }
    const loaded = await load(manifest);
    if ((await fileIdentity(path)) !== before) throw unusable(path, 'was replaced while it was read');
    return loaded;
  } catch (error) {
    if (error instanceof MedoidError && error.code === 'invalid-index') throw error;
    throw unusable(path, `cannot be read: ${messageOf(error)}`, error);
  }
}

/** Takes away a snapshot that must never be used again, the manifest first. */
export async function removeSnapshot(path: string): Promise<void> {
  await rm(manifestPath(path), { force: true });
  await rm(path, { force: true });
}
