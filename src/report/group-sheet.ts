import { type Html, html } from './html.js';
import { thumbnailAddresses } from './thumbnail-addresses.js';

/** A picture and what is said below it. */
export interface SheetPicture {
  readonly id: number;
  readonly key: string;
  readonly caption: Html;
}

/** What stands for a group, and beside it the others. */
export interface SheetGroup {
  readonly representative: SheetPicture;
  readonly others: readonly SheetPicture[];
}

export interface GroupSheet {
  readonly heading: string;
  readonly explanation: string;
  /** What is said where there is no group. */
  readonly otherwise: string;
  /** What the list of the others is called. */
  readonly listName: string;
  readonly groups: readonly SheetGroup[];
  /** A copy with its longer side at most `side` pixels; nothing for a picture that cannot be read. */
  readonly thumbnail: (id: number, side: number) => Promise<Uint8Array | undefined>;
}

const thumbnailSide = 144;
/** A page of more is too large to be looked at. */
const mostGroups = 500;
const mostOthers = 24;

function renderPicture({ id, key }: SheetPicture, addresses: ReadonlyMap<number, string>): Html {
  const address = addresses.get(id);
  return address === undefined
    ? html`<p class="soft">picture cannot be read</p>`
    : html`<img src="${address}" alt="${key}" title="${key}">`;
}

function renderGroup(
  { representative, others }: SheetGroup,
  { addresses, listName }: { addresses: ReadonlyMap<number, string>; listName: string },
): Html {
  const left = others.length - mostOthers;
  const shown = others.slice(0, mostOthers);
  return html`<li><div class="asked">${renderPicture(representative, addresses)}
<p>${representative.caption}</p></div>
<div><ol class="found" aria-label="${listName}">
${shown.map(other => html`<li>${renderPicture(other, addresses)}\n<p>${other.caption}</p></li>`)}</ol>
${left > 0 ? html`<p class="soft">and ${left} more</p>` : undefined}</div></li>`;
}

/**
 * Groups one below another, each with what stands for it on the left; of more than 500 groups the first, of more than 24
 * others the first.
 * @throws MedoidError `interrupted` once the signal is aborted; whatever `thumbnail` throws
 */
export async function renderGroupSheet(
  { heading, explanation, otherwise, listName, groups, thumbnail }: GroupSheet,
  signal: AbortSignal | undefined,
): Promise<Html> {
  const shown = groups.slice(0, mostGroups);
  const ids = shown.flatMap(({ representative, others }) =>
    [representative, ...others.slice(0, mostOthers)].map(({ id }) => id),
  );
  const addresses = await thumbnailAddresses({ thumbnail }, ids, { side: thumbnailSide, signal });
  const left = groups.length - shown.length;
  return html`<section><h2>${heading}</h2>
<p class="soft">${groups.length === 0 ? otherwise : explanation}</p>
<ol class="sheet">${shown.map(group => renderGroup(group, { addresses, listName }))}</ol>
${left > 0 ? html`<p>${left} more ${heading.toLowerCase()} are not shown.</p>` : undefined}</section>`;
}
