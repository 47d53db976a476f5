import type { Catalog } from '../../catalog/catalog.js';
import type { CatalogAudit } from '../../catalog/catalog-audit.js';
import type { CatalogRepair } from '../../catalog/catalog-repair.js';
import type { TakeTurn } from '../../take-turns.js';
import type { ImageStore } from '../image-store.js';
import type { Finding } from './finding.js';

/** What a check looks at and whom it tells. */
export interface CheckedFolder {
  /** Of the gallery. */
  readonly directory: string;
  /** Whether nobody else can write meanwhile. */
  readonly locked: boolean;
  readonly takeTurn: TakeTurn;
  tell(finding: Finding): void;
  progress(done: number, total: number): void;
}

/** The same with a catalog that can be relied upon as a file. */
export interface CheckedGallery extends CheckedFolder {
  readonly catalog: Catalog;
  readonly audit: CatalogAudit;
}

/** A gallery that nobody else writes to, to be mended. */
export interface MendedFolder {
  readonly directory: string;
  readonly signal: AbortSignal;
  readonly takeTurn: TakeTurn;
  /** Tells what could not be mended, and why. */
  readonly notify: (message: string) => void;
}

export interface MendedGallery extends MendedFolder {
  readonly catalog: Catalog;
  readonly audit: CatalogAudit;
  readonly repair: CatalogRepair;
  readonly images: ImageStore;
  /** A file or folder with originals. */
  readonly from: string | undefined;
  /** Whether something is lost or wrong that a picture nobody needs could be of use for. */
  readonly isAnythingLost: boolean;
  /** Whether an index has seen more than the catalog, as where an older one was put back: pictures may be of the newer one. */
  readonly isCatalogOlder: boolean;
}

interface Described {
  readonly name: string;
  /** What it looks at, for people. */
  readonly what: string;
}

/** Asks nothing of the catalog. */
export interface FolderCheck extends Described {
  readonly needs: 'folder';
  check(folder: CheckedFolder): Promise<void>;
  /** Mends what it can of the findings of this check. */
  mend?(folder: MendedFolder, findings: readonly Finding[]): Promise<void>;
}

/** Is left out as long as the catalog itself cannot be relied upon. */
export interface CatalogCheck extends Described {
  readonly needs: 'catalog';
  check(gallery: CheckedGallery): Promise<void>;
  mend?(gallery: MendedGallery, findings: readonly Finding[]): Promise<void>;
}

export type DoctorCheck = FolderCheck | CatalogCheck;
