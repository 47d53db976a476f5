import { type Html, html } from './html.js';
import { renderChart } from './render-chart.js';
import type { ReportedEpoch } from './run-report.js';

interface Curve {
  readonly name: string;
  readonly points: readonly { readonly epoch: number; readonly value: number }[];
}

/** Up to here each epoch has a point of its own; beyond, they would hide the line. */
const pointsUpTo = 40;

const show = (value: number): string => String(Number(value.toPrecision(4)));

/** One curve each for the loss, its terms, the learning rate and what validation measured, so that no scale flattens another's. */
function curvesOf(history: readonly ReportedEpoch[]): Curve[] {
  const curve = (name: string, valueIn: (epoch: ReportedEpoch) => number | null | undefined): Curve => ({
    name,
    points: history.flatMap(entry => {
      const value = valueIn(entry);
      return value === null || value === undefined ? [] : [{ epoch: entry.epoch, value }];
    }),
  });
  const terms = new Set(history.flatMap(entry => Object.keys(entry.terms)));
  return [
    curve('loss', entry => entry.loss),
    curve('Recall@1 of held-out classes', entry => entry.recallAt1),
    curve('MAP@R of held-out classes', entry => entry.mapAtR),
    ...[...terms].map(name => curve(name, entry => entry.terms[name])),
    curve('mean distance', entry => entry.meanDistance),
    curve('effective rank', entry => entry.effectiveRank),
    curve('learning rate', entry => entry.learningRate),
  ].filter(({ points }) => points.length > 0);
}

/** Room around a single value, which has no scale of its own. */
function domainOf(values: readonly number[], margin: number): { domain?: [number, number] } {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return least === most ? { domain: [least - margin, most + margin] } : {};
}

async function renderCurve({ name, points }: Curve): Promise<Html> {
  const values = points.map(({ value }) => value);
  const [first, last] = [values[0], values[values.length - 1]];
  const epochs = points.map(({ epoch }) => epoch);
  const range = points.length === 1 ? show(first) : `${show(first)} → ${show(last)}`;
  const chart = await renderChart(
    {
      width: 270,
      height: 140,
      data: { values: [...points] },
      mark: {
        type: 'line',
        color: 'var(--series-1)',
        point: points.length <= pointsUpTo && { color: 'var(--series-1)', size: 22 },
      },
      encoding: {
        x: {
          field: 'epoch',
          type: 'quantitative',
          scale: { nice: false, ...domainOf(epochs, 1) },
          axis: { title: 'epoch', tickMinStep: 1, tickCount: 6, format: 'd' },
        },
        y: {
          field: 'value',
          type: 'quantitative',
          scale: { zero: false, ...domainOf(values, Math.abs(first) / 2 || 1) },
          axis: { title: null, tickCount: 5, format: '.6~g' },
        },
      },
    },
    `${name} by epoch: from ${show(first)} to ${show(last)}, between ${show(Math.min(...values))} and ${show(Math.max(...values))}`,
  );
  return html`<figure class="panel"><figcaption><span>${name}</span><span class="soft">${range}</span></figcaption>${chart}</figure>`;
}

function renderTable(history: readonly ReportedEpoch[], curves: readonly Curve[]): Html {
  const columns = curves.map(({ name, points }) => ({
    name,
    values: new Map(points.map(({ epoch, value }) => [epoch, value])),
  }));
  const cell = (value: number | undefined): Html => html`<td>${value === undefined ? '–' : show(value)}</td>`;
  const rows = history.map(
    ({ epoch }) =>
      html`<tr><th scope="row">${epoch}</th>${columns.map(({ values }) => cell(values.get(epoch)))}</tr>`,
  );
  return html`<details><summary>Values of every epoch</summary>
<div class="scroll" role="region" aria-label="Values of every epoch" tabindex="0"><table>
<thead><tr><th scope="col">epoch</th>${columns.map(({ name }) => html`<th scope="col">${name}</th>`)}</tr></thead>
<tbody>${rows}</tbody></table></div></details>`;
}

/** How the loss, its terms, the learning rate and Recall@1 went on, epoch by epoch. */
export async function renderTraining(history: readonly ReportedEpoch[]): Promise<Html> {
  if (history.length === 0) {
    return html`<section><h2>Training</h2><p>No epoch was finished.</p></section>`;
  }
  const curves = curvesOf(history);
  const panels: Html[] = [];
  for (const curve of curves) panels.push(await renderCurve(curve));
  const held = history.some(({ recallAt1 }) => recallAt1 !== null)
    ? ''
    : ' No classes were held out, so there is no Recall@1.';
  return html`<section><h2>Training</h2>
<p class="soft">Means over each epoch; every curve has its own scale, which need not start at zero.${held}</p>
<div class="panels">${panels}</div>
${renderTable(history, curves)}</section>`;
}
