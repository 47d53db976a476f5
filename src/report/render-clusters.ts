import { renderGroupSheet } from './group-sheet.js';
import { type Html, html } from './html.js';
import { type Facts, renderFacts } from './render-facts.js';
import { renderPage } from './render-page.js';

/** An item in its cluster. */
export interface ShownMember {
  readonly id: number;
  readonly key: string;
  readonly label: string | null;
  /** To the medoid. */
  readonly distance: number;
}

/** A cluster with what is known of its items. */
export interface ShownCluster {
  readonly size: number;
  readonly meanDistance: number;
  readonly silhouette: number | null;
  readonly label: string | null;
  readonly purity: number | null;
  readonly medoid: ShownMember;
  /** Without the medoid, nearest first. */
  readonly others: readonly ShownMember[];
}

export interface ClustersReport {
  readonly title: string;
  readonly facts: Facts;
  readonly clusters: readonly ShownCluster[];
  /** A copy with its longer side at most `side` pixels; nothing for a picture that cannot be read. */
  readonly thumbnail: (id: number, side: number) => Promise<Uint8Array | undefined>;
}

/** The space does not break. */
const percent = (share: number): string => `${(100 * share).toFixed(0)}\u00a0%`;

function describeCluster({ medoid, ...cluster }: ShownCluster, number: number): Html {
  const { size, meanDistance, silhouette, label, purity } = cluster;
  const shared = purity === null ? undefined : html`<bdi>${label ?? ''}</bdi>: ${percent(purity)}<br>`;
  return html`<strong>Cluster ${number}: ${size} ${size === 1 ? 'item' : 'items'}</strong><br>${shared}
<span class="soft">mean distance ${meanDistance.toFixed(3)}${
    silhouette === null ? '' : `, silhouette ${silhouette.toFixed(3)}`
  }</span><br><bdi class="soft">${medoid.key}</bdi>`;
}

/** A label is said where it is not that of the cluster. */
const describeMember = ({ key, label, distance }: ShownMember, ofCluster: string | null): Html =>
  html`<span class="soft">${distance.toFixed(3)}</span> ${
    label === null || label === ofCluster ? undefined : html`<strong><bdi>${label}</bdi></strong>`
  }<br><bdi>${key}</bdi>`;

const explanation =
  'Largest first. On the left the medoid of each cluster, the picture that stands for it, with the label that most of its ' +
  'labelled members have and their share. Beside it are its other members, nearest to the medoid first, with their ' +
  'distance and, where it is another one, their label.';

/**
 * One page of clusters with thumbnails, without scripts or anything outside it; of more than 500 clusters the first.
 * @throws MedoidError `interrupted` once the signal is aborted; whatever `thumbnail` throws
 */
export async function renderClusters(
  { title, facts, clusters, thumbnail }: ClustersReport,
  { signal }: { readonly signal?: AbortSignal },
): Promise<string> {
  const sheet = {
    heading: 'Clusters',
    explanation,
    otherwise: 'There are no items.',
    listName: 'Members, nearest to the medoid first',
    groups: clusters.map((cluster, at) => ({
      representative: { ...cluster.medoid, caption: describeCluster(cluster, at + 1) },
      others: cluster.others.map(one => ({ ...one, caption: describeMember(one, cluster.label) })),
    })),
    thumbnail,
  };
  return renderPage({ title, sections: [renderFacts(facts), await renderGroupSheet(sheet, signal)] });
}
