import { replaceFile } from '../durable-file.js';
import { renderReport } from './render-report.js';
import type { ReportOptions, RunReport } from './run-report.js';

/**
 * Writes a report as one HTML file that needs nothing else, in place of one that is there.
 * @throws MedoidError `interrupted` once the signal is aborted, and then writes nothing; whatever `thumbnail` throws
 */
export async function writeReport(path: string, report: RunReport, options: ReportOptions): Promise<void> {
  await replaceFile(path, await renderReport(report, options));
}
