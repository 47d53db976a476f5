import { createHash } from 'node:crypto';
import { open, readFile, rm, stat } from 'node:fs/promises';
import { z } from 'zod';
import { moveIntoPlace, replaceFile, syncPath } from '../durable-file.js';
import { MedoidError, messageOf } from '../errors.js';
import { createTurns } from '../take-turns.js';
import { maxId } from './checks.js';
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
  removedIds: z.array(z.int().min(0).max(maxId)),
  /** Highest vector id of the catalog that the index has seen. */
  lastVectorId: z.int().min(0),
  /** Of the fields above as JSON, followed by the file. */
  sha256: z.string().regex(/^[0-9a-f]{64}$/),
});

export type SnapshotManifest = z.infer<typeof manifestSchema>;
type Signed = Omit<SnapshotManifest, 'sha256'>;
export type SnapshotDescription = Omit<Signed, 'formatVersion' | 'space'>;

export const manifestPath = (path: string): string => `${path.replace(/\.[^./\\]*$/, '')}.json`;

/** Looks at a file while it is read for its hash. */
export interface FileCheck {
  /** In order, all there are; overwritten afterwards. @throws MedoidError `invalid-index` */
  take(bytes: Uint8Array): void;
  /** @throws MedoidError `invalid-index` for a file that should go on */
  end(): void;
}

/** Hashed and checked in a millisecond or two. */
const bytesAtOnce = 2 ** 16;

/** Reads the file once, in turns. @returns the SHA-256 of the fields and the file */
async function readThrough(path: string, signed: Signed, check: FileCheck): Promise<string> {
  const fields = Object.keys(manifestSchema.shape).filter(name => name !== 'sha256') as (keyof Signed)[];
  const hash = createHash('sha256').update(JSON.stringify(fields.map(name => [name, signed[name]])));
  const takeTurn = createTurns();
  const buffer = new Uint8Array(bytesAtOnce);
  const handle = await open(path, 'r');
  try {
    for (;;) {
      const { bytesRead } = await handle.read(buffer, 0, bytesAtOnce);
      if (bytesRead === 0) break;
      const bytes = buffer.subarray(0, bytesRead);
      hash.update(bytes);
      check.take(bytes);
      await takeTurn();
    }
  } finally {
    await handle.close();
  }
  check.end();
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
 * Temporary file → fsync → read back → rename → fsync folder; the file first, then its manifest, so that a crash in
 * between leaves a hash that does not fit.
 * @param write fills the temporary file; need not notice when it fails
 * @param createCheck throws when what is read back, of so many bytes, is not what was meant
 */
export async function writeSnapshot(
  path: string,
  description: SnapshotDescription,
  {
    write,
    createCheck,
  }: {
    readonly write: (path: string) => Promise<void>;
    readonly createCheck: (bytes: number) => FileCheck;
  },
): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    await write(temporary);
    await syncPath(temporary);
    const signed = { formatVersion: 1 as const, space: 'l2' as const, ...description };
    const { size } = await stat(temporary);
    const sha256 = await readThrough(temporary, signed, createCheck(size));
    await moveIntoPlace(temporary, path);
    await replaceFile(manifestPath(path), `${JSON.stringify({ ...signed, sha256 })}\n`);
  } catch (error) {
    // What went wrong first is what counts; a file that is left over is removed when the gallery is opened.
    await rm(temporary, { force: true }).catch(() => undefined);
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
 * Checks the file against its manifest, then lets `load` have it. A file replaced meanwhile is noticed.
 * @param createCheck is handed the manifest and the length of the file
 * @throws MedoidError `invalid-index` whatever is wrong: nothing half-read is handed out
 */
export async function readSnapshot<Check extends FileCheck, Loaded>(
  path: string,
  expected: SnapshotIdentity & { readonly kind: SnapshotManifest['kind'] },
  {
    createCheck,
    load,
  }: {
    readonly createCheck: (manifest: SnapshotManifest, bytes: number) => Check;
    readonly load: (checked: Check, manifest: SnapshotManifest) => Promise<Loaded>;
  },
): Promise<Loaded> {
  const manifest = await readManifest(path);
  for (const name of ['kind', 'modelId', 'dimension'] as const) {
    if (manifest[name] === expected[name]) continue;
    throw unusable(path, `expected ${name} ${expected[name]}, got ${manifest[name]}`);
  }
  try {
    const before = await fileIdentity(path);
    const check = createCheck(manifest, (await stat(path)).size);
    const actual = await readThrough(path, manifest, check);
    if (actual !== manifest.sha256) {
      throw unusable(path, `expected SHA-256 ${manifest.sha256}, got ${actual}: damaged, or half replaced`);
    }
    const loaded = await load(check, manifest);
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
