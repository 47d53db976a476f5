import { type Html, html } from './html.js';
import { renderChart } from './render-chart.js';
import type { ReportedQuality } from './run-report.js';

type Values = ReportedQuality['values'];

/** A series has a colour and a shape, which start again after these. */
const seriesMarks = [
  { shape: 'circle', glyph: '●' },
  { shape: 'square', glyph: '■' },
  { shape: 'triangle', glyph: '▲' },
  { shape: 'diamond', glyph: '◆' },
  { shape: 'cross', glyph: '✚' },
  { shape: 'triangle-down', glyph: '▼' },
].map((mark, i) => ({ ...mark, colour: `var(--series-${i + 1})` }));

const markOf = (series: number) => seriesMarks[series % seriesMarks.length];

const showShare = (value: number | undefined): string => (value === undefined ? '–' : value.toFixed(4));

const byK = ['recallAt', 'precisionAt'] as const;
const nameOf = { recallAt: 'Recall', precisionAt: 'Precision' } as const;

const single: readonly (readonly [string, (values: Values) => number | undefined])[] = [
  ['R-precision', values => values.rPrecision],
  ['MAP@R', values => values.mapAtR],
  ['NMI, geometric', values => values.nmi?.geometric],
  ['NMI, arithmetic', values => values.nmi?.arithmetic],
  ['AMI', values => values.ami],
  ['ARI', values => values.ari],
  ['F1', values => values.f1],
];

/** Every K that any of them was measured at, ascending. */
function ksOf(quality: readonly ReportedQuality[], metric: (typeof byK)[number]): number[] {
  const ks = quality.flatMap(({ values }) => Object.keys(values[metric] ?? {}).map(Number));
  return [...new Set(ks)].sort((a, b) => a - b);
}

/** Name of each metric and its value in each series; metrics that nobody measured are left out. */
function rowsOf(quality: readonly ReportedQuality[]): [string, (number | undefined)[]][] {
  const atK = byK.flatMap(metric =>
    ksOf(quality, metric).map((k): [string, (number | undefined)[]] => [
      `${nameOf[metric]}@${k}`,
      quality.map(({ values }) => values[metric]?.[k]),
    ]),
  );
  const others = single.map(([name, valueIn]): [string, (number | undefined)[]] => [
    name,
    quality.map(({ values }) => valueIn(values)),
  ]);
  return [...atK, ...others].filter(([, values]) => values.some(value => value !== undefined));
}

function renderTable(quality: readonly ReportedQuality[]): Html {
  const rows = rowsOf(quality).map(
    ([name, values]) =>
      html`<tr><th scope="row">${name}</th>${values.map(value => html`<td>${showShare(value)}</td>`)}</tr>`,
  );
  return html`<div class="scroll" role="region" aria-label="Metrics" tabindex="0"><table>
<thead><tr><th scope="col">metric</th>${quality.map(({ name }) => html`<th scope="col"><bdi>${name}</bdi></th>`)}</tr></thead>
<tbody>${rows}</tbody></table></div>`;
}

async function renderByK(quality: readonly ReportedQuality[], metric: (typeof byK)[number]): Promise<Html> {
  const ks = ksOf(quality, metric);
  const points = quality.flatMap(({ values }, series) =>
    ks.flatMap(k => {
      const value = values[metric]?.[k];
      return value === undefined ? [] : [{ k, value, series }];
    }),
  );
  const series = quality.map((_, i) => i);
  const scaled = (range: readonly string[]) => ({
    field: 'series',
    type: 'nominal' as const,
    scale: { domain: series, range: [...range] },
    // The page has one for all charts, which wraps long names.
    legend: null,
  });
  const title = `${nameOf[metric]}@K`;
  const chart = await renderChart(
    {
      width: 270,
      height: 190,
      data: { values: points },
      mark: { type: 'line', point: { size: 50, filled: true } },
      encoding: {
        x: { field: 'k', type: 'ordinal', axis: { title: 'K', labelAngle: 0 } },
        y: {
          field: 'value',
          type: 'quantitative',
          scale: { domain: [0, 1] },
          axis: { title: null, tickCount: 5 },
        },
        color: scaled(series.map(i => markOf(i).colour)),
        shape: scaled(series.map(i => markOf(i).shape)),
      },
    },
    `${title} for K of ${ks.join(', ')}; the values are in the table`,
  );
  return html`<figure class="panel"><figcaption>${title}</figcaption>${chart}</figure>`;
}

const renderLegend = (quality: readonly ReportedQuality[]): Html =>
  html`<ul class="legend">${quality.map(
    ({ name }, i) =>
      html`<li><b style="color:${markOf(i).colour}">${markOf(i).glyph}</b> <bdi>${name}</bdi></li>`,
  )}</ul>`;

/** Retrieval and clustering in numbers, each series a column; Recall@K and Precision@K also as curves. */
export async function renderQuality(quality: readonly ReportedQuality[]): Promise<Html> {
  const charts: Html[] = [];
  for (const metric of byK) {
    if (ksOf(quality, metric).length > 0) charts.push(await renderByK(quality, metric));
  }
  return html`<section><h2>Quality</h2>
<div class="quality">${renderTable(quality)}<div><div class="panels">${charts}</div>
${quality.length > 1 ? renderLegend(quality) : undefined}</div></div></section>`;
}
