import type { ClassQuality } from '../math/class-tally.js';
import { type Html, html } from './html.js';

const renderRow = ({ label, queries, recallAt1, rPrecision, mapAtR, mistakenFor }: ClassQuality): Html => {
  const shares = [recallAt1, rPrecision, mapAtR].map(value => html`<td>${value.toFixed(4)}</td>`);
  const mistaken =
    mistakenFor === null ? '–' : html`<bdi>${mistakenFor.label}</bdi> (${mistakenFor.queries} of ${queries})`;
  return html`<tr><th scope="row"><bdi>${label}</bdi></th><td>${queries}</td>${shares}<td>${mistaken}</td></tr>`;
};

/** The classes that are found worst, a row each, with the one that each is most often mistaken for. */
export const renderWorst = (worst: readonly ClassQuality[]): Html => html`<section><h2>Worst classes</h2>
<p class="soft">By MAP@R of the exact search, worst first. Mistaken for: the class of the nearest image, where that is not of
the class asked for; the most frequent one.</p>
<div class="scroll" role="region" aria-label="Worst classes" tabindex="0"><table>
<thead><tr>${['class', 'queries', 'Recall@1', 'R-precision', 'MAP@R', 'mistaken for'].map(
  name => html`<th scope="col">${name}</th>`,
)}</tr></thead>
<tbody>${worst.map(renderRow)}</tbody></table></div></section>`;
