import type { ClusteringOptions } from './clustering-input.js';

/** An item of a collection in its cluster. */
export interface ClusteredItem {
  readonly id: number;
  /** Euclidean, to the medoid. */
  readonly distance: number;
}

/** A picture that is not stored in its cluster. */
export interface ClusteredPicture {
  /** Its position among those that were given, from 0. */
  readonly image: number;
  readonly distance: number;
}

export interface Cluster<Member> {
  /** Of the member that stands for the cluster: its id or its position. */
  readonly medoid: number;
  readonly size: number;
  /** Of all members to the medoid, which itself is one of them. */
  readonly meanDistance: number;
  /** Mean medoid silhouette of the members, −1..1; null where there is one cluster. */
  readonly silhouette: number | null;
  /** The commonest of the members, of equally common ones that of the nearest; null where none has one. */
  readonly label: string | null;
  /** Share of the labelled members that have that label; null where none is labelled. */
  readonly purity: number | null;
  /** Nearest first; the medoid is the first of them. */
  readonly members: readonly Member[];
}

/** A set in clusters. */
export interface Clustering<Member = ClusteredItem> {
  /** Largest first. */
  readonly clusters: readonly Cluster<Member>[];
  /** Sum of the distances of all to their medoids. */
  readonly energy: number;
  /** Mean medoid silhouette of all; null where there is one cluster or none. */
  readonly silhouette: number | null;
  /** Share of the labelled members that have the label of their cluster; null where none is labelled. */
  readonly purity: number | null;
  /** How many were clustered. */
  readonly items: number;
  readonly method: ClusteringOptions['method'];
  readonly modelId: string;
}
