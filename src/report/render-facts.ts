import { type Html, html } from './html.js';

/** What a report is about, by name. */
export type Facts = readonly (readonly [name: string, value: string])[];

export const renderFacts = (facts: Facts): Html => html`<section><h2>Run</h2>
<dl class="facts">${facts.map(([name, value]) => html`<div><dt>${name}</dt><dd><bdi>${value}</bdi></dd></div>`)}</dl></section>`;
