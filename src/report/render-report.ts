import { renderMap } from './embedding-map.js';
import { type Html, html } from './html.js';
import { renderNeighbours } from './neighbour-sheet.js';
import { renderQuality } from './quality-section.js';
import { renderFacts } from './render-facts.js';
import { renderPage } from './render-page.js';
import type { ReportOptions, RunReport } from './run-report.js';
import { renderTraining } from './training-section.js';
import { renderWorst } from './worst-section.js';

const renderWarnings = (warnings: readonly string[]): Html => html`<section class="warnings"><h2>Warnings</h2>
<ul>${warnings.map(warning => html`<li>${warning}</li>`)}</ul></section>`;

/**
 * One page without scripts or anything outside it. The same run and seed give the same page.
 * @throws MedoidError `interrupted` once the signal is aborted; whatever `thumbnail` throws
 */
export async function renderReport(report: RunReport, options: ReportOptions): Promise<string> {
  const { title, facts, warnings = [], history, quality = [], worst = [], embeddings } = report;
  return renderPage({
    title,
    sections: [
      warnings.length > 0 ? renderWarnings(warnings) : undefined,
      renderFacts(facts),
      quality.length > 0 ? await renderQuality(quality) : undefined,
      worst.length > 0 ? renderWorst(worst) : undefined,
      history && (await renderTraining(history)),
      embeddings && (await renderNeighbours(embeddings, options)),
      embeddings && (await renderMap(embeddings, options)),
    ],
  });
}
