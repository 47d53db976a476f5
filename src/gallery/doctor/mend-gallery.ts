import { join } from 'node:path';
import { Catalog } from '../../catalog/catalog.js';
import { CatalogAudit } from '../../catalog/catalog-audit.js';
import { CatalogRepair } from '../../catalog/catalog-repair.js';
import { MedoidError, understandError } from '../../errors.js';
import { createTurns } from '../../take-turns.js';
import { createImageStore } from '../image-store.js';
import { stopIfAborted } from '../stop-if-aborted.js';
import { catalogName } from './catalog-file.js';
import type { MendedFolder, MendedGallery } from './check.js';
import type { Examination } from './examine-gallery.js';
import { findingCatalogue } from './finding-catalogue.js';
import { doctorChecks } from './index.js';
import { createNeededImageLookup } from './needed-image-lookup.js';

export interface MendOptions {
  readonly directory: string;
  readonly from: string | undefined;
  readonly signal: AbortSignal;
  /** Tells what could not be mended, and why. */
  readonly notify: (message: string) => void;
}

/** What closes is given back, too; the last one to be closed leaves the catalog as one file. */
function openForMending(
  folder: MendedFolder,
  known: Pick<MendedGallery, 'from' | 'isAnythingLost' | 'isCatalogOlder'>,
): MendedGallery & { close(): void } {
  const path = join(folder.directory, catalogName);
  const catalog = Catalog.open(path, { access: 'write' });
  const repair = CatalogRepair.open(path);
  const audit = CatalogAudit.open(path);
  const lookup = createNeededImageLookup(catalog, audit);
  const images = createImageStore(join(folder.directory, 'images'), { isNeeded: lookup.isNeeded });
  const close = (): void => {
    audit.close();
    repair.close();
    catalog.close();
  };
  return { ...folder, catalog, repair, audit, images, ...known, close };
}

/** Errors of the keys are no reason: no picture is of use for them. */
const isAnythingLost = ({ byCheck }: Examination): boolean =>
  [...byCheck].some(
    ([check, findings]) =>
      check !== 'keys' && findings.some(({ code }) => findingCatalogue[code].severity === 'error'),
  );

const isCatalogOlder = ({ byCheck }: Examination): boolean =>
  [...byCheck.values()].some(findings => findings.some(({ code }) => code === 'index-other-catalog'));

/** Tells what went wrong with one check's mending, so that the others come to theirs. */
async function attempt(name: string, folder: MendedFolder, work: () => Promise<void>): Promise<void> {
  stopIfAborted(folder.signal);
  try {
    await work();
  } catch (error) {
    if (error instanceof MedoidError && error.code === 'interrupted') throw error;
    folder.notify(`${name}: ${understandError(error).message}`);
  }
}

/**
 * Mends what can be mended of what was found, each thing for itself: whenever it ends, nothing is half done. To be
 * called by whoever holds the write lock.
 * @throws MedoidError `interrupted`
 */
export async function mendGallery(examination: Examination, options: MendOptions): Promise<void> {
  const { directory, from, signal, notify } = options;
  const folder: MendedFolder = { directory, signal, notify, takeTurn: createTurns(signal) };
  const findingsOf = (name: string) => examination.byCheck.get(name) ?? [];
  for (const check of doctorChecks) {
    const findings = findingsOf(check.name);
    if (check.needs !== 'folder' || findings.length === 0) continue;
    await attempt(check.name, folder, async () => check.mend?.(folder, findings));
  }
  if (!examination.isCatalogSound) return;
  const gallery = openForMending(folder, {
    from,
    isAnythingLost: isAnythingLost(examination),
    isCatalogOlder: isCatalogOlder(examination),
  });
  try {
    for (const check of doctorChecks) {
      const findings = findingsOf(check.name);
      if (check.needs !== 'catalog' || findings.length === 0) continue;
      await attempt(check.name, folder, async () => check.mend?.(gallery, findings));
    }
  } finally {
    gallery.close();
  }
}
