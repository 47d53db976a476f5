import { z } from 'zod';
import { MedoidError } from '../errors.js';
import type { Finding } from '../gallery/doctor/finding.js';
import { findingCatalogue } from '../gallery/doctor/finding-catalogue.js';
import { type Diagnosis, runDoctor } from '../gallery/doctor/run-doctor.js';
import { type CommandResult, defineCommand } from './command.js';
import { describeDiagnosis } from './describe-diagnosis.js';
import { createProgress, type Progress } from './progress.js';
import { galleryOption } from './use-keys.js';

/** Of one kind, in the document. */
const mostListed = 1000;

/** A line for each check as it begins, and a bar where it takes its time. */
function createReporter(report: (line: string) => void) {
  let current: string | undefined;
  let bar: Progress | undefined;
  const close = (): void => {
    bar?.close();
    bar = undefined;
  };
  const onProgress = (check: string, done: number, total: number): void => {
    if (check !== current || (done === 0 && total === 0)) {
      close();
      current = check;
      report(`checking ${check}`);
    }
    if (total === 0) return;
    bar ??= createProgress(check, total, '');
    bar.update(done);
  };
  return { onProgress, close };
}

function listFinding(finding: Finding) {
  const { severity, mend, advice } = findingCatalogue[finding.code];
  return { severity, ...finding, mend, advice };
}

function list(findings: readonly Finding[]) {
  const counts = new Map<string, number>();
  return findings
    .filter(({ code }) => {
      counts.set(code, (counts.get(code) ?? 0) + 1);
      return (counts.get(code) ?? 0) <= mostListed;
    })
    .map(listFinding);
}

function toDocument({ checks, findings, counts, mended, notes }: Diagnosis, isHealthy: boolean) {
  const listed = list(findings);
  const listedMended = list(mended);
  const total = Object.values(counts).reduce((sum, count) => sum + count, 0);
  return {
    healthy: isHealthy,
    checks,
    findings: listed,
    findingsLeftOut: total - listed.length,
    counts,
    mended: listedMended,
    mendedLeftOut: mended.length - listedMended.length,
    notes: notes.slice(0, mostListed),
    notesLeftOut: Math.max(0, notes.length - mostListed),
  };
}

export const doctor = defineCommand({
  name: 'doctor',
  summary: 'Check everything in a gallery, also while it is served; with --fix, mend what can be mended.',
  arguments: z.strictObject({}),
  options: z.strictObject({
    gallery: galleryOption,
    fix: z
      .boolean()
      .default(false)
      .describe('mend what can be mended; for that nobody else may write to the gallery'),
    from: z
      .string()
      .min(1)
      .optional()
      .describe(
        'file or folder with the original pictures, whatever their names: what is missing is put back; with --fix',
      ),
  }),
  async run({ gallery, fix, from }, { signal, report }): Promise<CommandResult> {
    if (from !== undefined && !fix) {
      throw new MedoidError('invalid-option', 'expected --fix with --from: nothing is put back without it', {
        field: 'from',
      });
    }
    const { onProgress, close } = createReporter(report);
    const diagnosis = await runDoctor(gallery, { fix, from, signal, onProgress }).finally(close);
    const isHealthy = diagnosis.findings.length === 0;
    return {
      json: toDocument(diagnosis, isHealthy),
      text: describeDiagnosis(diagnosis, { fix }),
      exitCode: isHealthy ? 0 : 1,
    };
  },
});
