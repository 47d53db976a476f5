import { type Html, html } from './html.js';
import { type Facts, renderFacts } from './render-facts.js';
import { renderPage } from './render-page.js';
import { thumbnailAddresses } from './thumbnail-addresses.js';

/** An item as it is shown. */
export interface ShownItem {
  readonly id: number;
  readonly key: string;
  readonly label: string | null;
  readonly width: number;
  readonly height: number;
  readonly bytes: number;
}

/** An item and what it has to do with the one that stands for its group. */
export interface ShownDuplicate extends ShownItem {
  readonly tier: string;
  readonly distance: number;
  readonly hashDistance: number | null;
}

export interface ShownGroup {
  readonly representative: ShownItem;
  readonly items: readonly ShownDuplicate[];
}

export interface DuplicatesReport {
  readonly title: string;
  readonly facts: Facts;
  readonly groups: readonly ShownGroup[];
  /** Ids of items that have no thumbnail. */
  readonly unreadable: ReadonlySet<number>;
  /** A copy with its longer side at most `side` pixels. */
  readonly thumbnail: (id: number, side: number) => Promise<Uint8Array>;
}

const thumbnailSide = 144;
/** A page of more is too large to be looked at. */
const mostGroups = 500;
const mostItems = 24;

const sizeOf = ({ id, width, height, bytes }: ShownItem): string =>
  `item ${id}, ${width}×${height}, ${(bytes / 1024).toFixed(1)} KiB`;

function renderPicture({ id, key }: ShownItem, addresses: ReadonlyMap<number, string>): Html {
  const address = addresses.get(id);
  return address === undefined
    ? html`<p class="soft">picture cannot be read</p>`
    : html`<img src="${address}" alt="${key}" title="${key}">`;
}

function renderDuplicate(item: ShownDuplicate, addresses: ReadonlyMap<number, string>): Html {
  const bits = item.hashDistance === null ? '' : `, ${item.hashDistance} bits`;
  return html`<li>${renderPicture(item, addresses)}
<p><strong>${item.tier}</strong> <span class="soft">${item.distance.toFixed(3)}${bits}</span><br>
<bdi>${item.key}</bdi><br><span class="soft">${sizeOf(item)}</span></p></li>`;
}

function renderGroup({ representative, items }: ShownGroup, addresses: ReadonlyMap<number, string>): Html {
  const left = items.length - mostItems;
  return html`<li><div class="asked">${renderPicture(representative, addresses)}
<p><strong><bdi>${representative.key}</bdi></strong><br><bdi class="soft">${representative.label ?? undefined}</bdi><br>
<span class="soft">${sizeOf(representative)}</span></p></div>
<div><ol class="found" aria-label="Duplicates, nearest first">
${items.slice(0, mostItems).map(item => renderDuplicate(item, addresses))}</ol>
${left > 0 ? html`<p class="soft">and ${left} more</p>` : undefined}</div></li>`;
}

const explanation =
  'On the left what stands for each group: the picture of most pixels, then of most bytes. Beside it are its duplicates ' +
  'with the distance of their embeddings, and in how many of 64 bits their perceptual hashes differ.';

/**
 * One page of groups of duplicates with thumbnails, without scripts or anything outside it; of more than 500 groups the
 * first.
 * @throws MedoidError `interrupted` once the signal is aborted; whatever `thumbnail` throws
 */
export async function renderDuplicates(
  { title, facts, groups, unreadable, thumbnail }: DuplicatesReport,
  { signal }: { readonly signal?: AbortSignal },
): Promise<string> {
  const shown = groups.slice(0, mostGroups);
  const ids = shown
    .flatMap(({ representative, items }) => [representative, ...items.slice(0, mostItems)])
    .map(({ id }) => id)
    .filter(id => !unreadable.has(id));
  const addresses = await thumbnailAddresses({ thumbnail }, ids, { side: thumbnailSide, signal });
  const left = groups.length - shown.length;
  const section = html`<section><h2>Groups</h2>
<p class="soft">${groups.length === 0 ? 'No two items show the same.' : explanation}</p>
<ol class="sheet">${shown.map(group => renderGroup(group, addresses))}</ol>
${left > 0 ? html`<p>${left} more groups are not shown.</p>` : undefined}</section>`;
  return renderPage({ title, sections: [renderFacts(facts), section] });
}
