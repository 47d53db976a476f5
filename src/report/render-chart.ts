import type { Config, TopLevelSpec } from 'vega-lite';
import { Html, html } from './html.js';

/** Colours are those of the page, so that charts follow it into the dark. */
const theme: Config = {
  // The page names each chart; its parts would be read out one by one.
  aria: false,
  background: 'transparent',
  padding: 2,
  font: 'inherit',
  view: { stroke: null },
  axis: {
    labelColor: 'var(--soft)',
    titleColor: 'var(--soft)',
    titleFontWeight: 'normal',
    labelFontSize: 11,
    titleFontSize: 11,
    gridColor: 'var(--line)',
    domainColor: 'var(--around)',
    tickColor: 'var(--around)',
    tickSize: 4,
  },
  axisX: { grid: false },
  axisY: { domain: false, ticks: false, labelPadding: 6 },
};

/**
 * A chart as SVG within the page.
 * @param description what a reader hears who does not see it
 */
export async function renderChart(specification: TopLevelSpec, description: string): Promise<Html> {
  // Loaded when needed: a fifth of a second that other commands need not wait for.
  const [vega, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const compiled = compile(specification, { config: theme });
  const svg = await new vega.View(vega.parse(compiled.spec), { renderer: 'none' }).toSVG();
  return html`<div class="chart" role="img" aria-label="${description}">${new Html(svg)}</div>`;
}
