import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ProcessLock } from '../../catalog/process-lock.js';
import { MedoidError } from '../../errors.js';
import { catalogName } from './catalog-file.js';
import {
  type CheckOutcome,
  type Examination,
  type ExaminationOptions,
  examineGallery,
} from './examine-gallery.js';
import { type Finding, identityOf } from './finding.js';
import { type FindingCode, findingCatalogue } from './finding-catalogue.js';
import { mendGallery } from './mend-gallery.js';
import { requireOriginals } from './restore-images.js';

export interface DoctorOptions extends Pick<ExaminationOptions, 'signal' | 'onProgress'> {
  /** Mends what can be mended, for which nobody else may write to the gallery. */
  readonly fix: boolean;
  /** A file or folder with originals, to put pictures back from; with `fix` only. */
  readonly from?: string | undefined;
}

export interface Diagnosis {
  readonly checks: readonly CheckOutcome[];
  /** What is wrong; after mending, what still is. The first ones of each code. */
  readonly findings: readonly Finding[];
  /** How many there are of each code. */
  readonly counts: Readonly<Partial<Record<FindingCode, number>>>;
  /** What was mended. */
  readonly mended: readonly Finding[];
  /** What could not be mended, and why. */
  readonly notes: readonly string[];
}

/** What is mended may bring to light what could not be seen before; what goes on beyond that never ends. */
const mostRounds = 8;

const isMendable = ({ code }: Finding): boolean => findingCatalogue[code].mend !== null;

const stateOf = ({ list }: Examination): string =>
  JSON.stringify([list.counts(), list.kept.map(identityOf).sort()]);

const diagnose = (
  { checks, list }: Examination,
  { mended = [], notes = [] }: Partial<Pick<Diagnosis, 'mended' | 'notes'>> = {},
): Diagnosis => ({ checks, findings: list.kept, counts: list.counts(), mended, notes });

/** Mends, and looks again at everything, until there is nothing more that mending changes. */
async function mend(directory: string, { from, ...options }: DoctorOptions): Promise<Diagnosis> {
  const examine = () => examineGallery({ directory, locked: true, ...options });
  const seen = new Map<string, Finding>();
  let notes = new Set<string>();
  let examination = await examine();
  for (let round = 0; round < mostRounds && examination.list.kept.some(isMendable); round++) {
    for (const finding of examination.list.kept) seen.set(identityOf(finding), finding);
    // What an earlier round could not mend, this one may.
    notes = new Set();
    const notify = (message: string): void => void notes.add(message);
    await mendGallery(examination, { directory, from, signal: options.signal, notify });
    const before = stateOf(examination);
    examination = await examine();
    if (stateOf(examination) === before) break;
  }
  for (const finding of examination.list.kept) seen.delete(identityOf(finding));
  return diagnose(examination, { mended: [...seen.values()], notes: [...notes] });
}

/**
 * Checks everything in a gallery, and with `fix` mends what can be mended. Without it nothing is changed or locked.
 * @throws MedoidError `file-not-found`, `gallery-locked`, `invalid-gallery`, or `interrupted`: nothing is half done
 */
export async function runDoctor(directory: string, options: DoctorOptions): Promise<Diagnosis> {
  const catalogPath = join(directory, catalogName);
  if (!existsSync(catalogPath)) {
    throw new MedoidError('file-not-found', `expected a gallery, but there is no ${catalogPath}`);
  }
  if (options.from !== undefined) await requireOriginals(options.from);
  if (!options.fix) return diagnose(await examineGallery({ directory, locked: false, ...options }));
  const lock = ProcessLock.acquire(join(directory, 'write.lock'));
  try {
    return await mend(directory, options);
  } finally {
    lock.close();
  }
}
