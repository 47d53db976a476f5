import { join } from 'node:path';
import { Catalog } from '../../catalog/catalog.js';
import { CatalogAudit } from '../../catalog/catalog-audit.js';
import { MedoidError, understandError } from '../../errors.js';
import { createTurns } from '../../take-turns.js';
import { catalogName } from './catalog-file.js';
import type { CheckedFolder, DoctorCheck } from './check.js';
import type { Finding } from './finding.js';
import { FindingList } from './finding-list.js';
import { doctorChecks } from './index.js';

export interface CheckOutcome {
  readonly name: string;
  readonly what: string;
  /** `not-checked`: the catalog, which it would have asked, cannot be relied upon. */
  readonly state: 'ok' | 'findings' | 'not-checked';
  readonly findings: number;
}

export interface Examination {
  readonly checks: readonly CheckOutcome[];
  readonly list: FindingList;
  /** Whether the catalog can be relied upon as a file. */
  readonly isCatalogSound: boolean;
  /** Of those kept, by the name of the check that found them. */
  readonly byCheck: ReadonlyMap<string, readonly Finding[]>;
}

export interface ExaminationOptions {
  readonly directory: string;
  /** Whether nobody else can write meanwhile. */
  readonly locked: boolean;
  readonly signal: AbortSignal;
  /** Told when a check begins, and how far it is. */
  readonly onProgress: (check: string, done: number, total: number) => void;
}

interface OpenCatalog {
  readonly catalog: Catalog;
  readonly audit: CatalogAudit;
}

function openCatalog(directory: string): OpenCatalog {
  const path = join(directory, catalogName);
  const catalog = Catalog.open(path, { access: 'read' });
  try {
    return { catalog, audit: CatalogAudit.open(path) };
  } catch (error) {
    catalog.close();
    throw error;
  }
}

/** One examination of a gallery, check after check. */
class Examiner {
  private readonly checks: CheckOutcome[] = [];
  private readonly list = new FindingList();
  private readonly byCheck = new Map<string, Finding[]>();
  private opened: OpenCatalog | undefined;

  constructor(private readonly options: ExaminationOptions) {}

  async run(): Promise<Examination> {
    try {
      for (const check of doctorChecks) await this.perform(check);
      return { checks: this.checks, list: this.list, isCatalogSound: this.isSound(), byCheck: this.byCheck };
    } finally {
      this.opened?.audit.close();
      this.opened?.catalog.close();
    }
  }

  private isSound(): boolean {
    return this.checks.some(({ name, state }) => name === doctorChecks[0].name && state === 'ok');
  }

  private async perform(check: DoctorCheck): Promise<void> {
    const { name, what } = check;
    if (check.needs === 'catalog' && !this.isSound()) {
      this.checks.push({ name, what, state: 'not-checked', findings: 0 });
      return;
    }
    const { directory, locked, signal, onProgress } = this.options;
    onProgress(name, 0, 0);
    const before = this.list.total;
    const folder: CheckedFolder = {
      directory,
      locked,
      takeTurn: createTurns(signal),
      tell: finding => this.add(name, finding),
      progress: (done, total) => onProgress(name, done, total),
    };
    try {
      await this.apply(check, folder);
    } catch (error) {
      if (error instanceof MedoidError && error.code === 'interrupted') throw error;
      this.add(name, { code: 'check-failed', detail: `${name}: ${understandError(error).message}` });
    }
    const findings = this.list.total - before;
    this.checks.push({ name, what, state: findings === 0 ? 'ok' : 'findings', findings });
  }

  private async apply(check: DoctorCheck, folder: CheckedFolder): Promise<void> {
    if (check.needs === 'folder') return check.check(folder);
    this.opened ??= openCatalog(folder.directory);
    return check.check({ ...folder, ...this.opened });
  }

  private add(check: string, finding: Finding): void {
    const before = this.list.kept.length;
    this.list.add(finding);
    if (this.list.kept.length === before) return;
    const findings = this.byCheck.get(check) ?? [];
    this.byCheck.set(check, findings);
    findings.push(finding);
  }
}

/**
 * Looks at everything in a gallery and changes nothing.
 * @throws MedoidError `interrupted`
 */
export const examineGallery = (options: ExaminationOptions): Promise<Examination> =>
  new Examiner(options).run();
