import { renderMap } from './embedding-map.js';
import { Html, html } from './html.js';
import { renderNeighbours } from './neighbour-sheet.js';
import { renderQuality } from './quality-section.js';
import { reportStyle } from './report-style.js';
import type { ReportOptions, RunReport } from './run-report.js';
import { renderTraining } from './training-section.js';

/** Nothing is loaded, run or sent; whatever a name might smuggle in, the browser refuses. */
const policy =
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

const renderWarnings = (warnings: readonly string[]): Html => html`<section class="warnings"><h2>Warnings</h2>
<ul>${warnings.map(warning => html`<li>${warning}</li>`)}</ul></section>`;

const renderFacts = (facts: RunReport['facts']): Html => html`<section><h2>Run</h2>
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd><bdi>${value}</bdi></dd></div>`)}</dl></section>`;

/**
 * One page without scripts or anything outside it. The same run and seed give the same page.
 * @throws MedoidError `interrupted` once the signal is aborted; whatever `thumbnail` throws
 */
export async function renderReport(report: RunReport, options: ReportOptions): Promise<string> {
  const { title, facts, warnings = [], history, quality = [], embeddings } = report;
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Html(reportStyle)}</style>
</head>
<body>
<header><h1>${title}</h1></header>
<main>
${warnings.length > 0 ? renderWarnings(warnings) : undefined}
${renderFacts(facts)}
${quality.length > 0 ? await renderQuality(quality) : undefined}
${history && (await renderTraining(history))}
${embeddings && (await renderNeighbours(embeddings, options))}
${embeddings && (await renderMap(embeddings, options))}
</main>
<footer>Written by Medoid. This file is whole: it asks nothing of the network.</footer>
</body>
</html>
`;
  return page.text;
}
