import { renderGroupSheet, type SheetPicture } from './group-sheet.js';
import { type Html, html } from './html.js';
import { type Facts, renderFacts } from './render-facts.js';
import { renderPage } from './render-page.js';

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

const sizeOf = ({ id, width, height, bytes }: ShownItem): string =>
  `item ${id}, ${width}×${height}, ${(bytes / 1024).toFixed(1)} KiB`;

const describeRepresentative = (item: ShownItem): Html =>
  html`<strong><bdi>${item.key}</bdi></strong><br><bdi class="soft">${item.label ?? undefined}</bdi><br>
<span class="soft">${sizeOf(item)}</span>`;

function describeDuplicate(item: ShownDuplicate): Html {
  const bits = item.hashDistance === null ? '' : `, ${item.hashDistance} bits`;
  return html`<strong>${item.tier}</strong> <span class="soft">${item.distance.toFixed(3)}${bits}</span><br>
<bdi>${item.key}</bdi><br><span class="soft">${sizeOf(item)}</span>`;
}

const toPicture = ({ id, key }: ShownItem, caption: Html): SheetPicture => ({ id, key, caption });

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
  const sheet = {
    heading: 'Groups',
    explanation,
    otherwise: 'No two items show the same.',
    listName: 'Duplicates, nearest first',
    groups: groups.map(({ representative, items }) => ({
      representative: toPicture(representative, describeRepresentative(representative)),
      others: items.map(item => toPicture(item, describeDuplicate(item))),
    })),
    thumbnail: async (id: number, side: number) => (unreadable.has(id) ? undefined : thumbnail(id, side)),
  };
  return renderPage({ title, sections: [renderFacts(facts), await renderGroupSheet(sheet, signal)] });
}
