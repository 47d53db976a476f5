import type { Agreement } from '../math/agreement.js';
import type { ClassQuality } from '../math/class-tally.js';
import type { RetrievalRows } from '../math/relevant-ranks.js';
import type { RetrievalMetrics } from '../math/retrieval-tally.js';
import type { VectorBlock } from '../math/vectors.js';

/** One epoch of training; a line of `metrics.jsonl` has what is asked for here. */
export interface ReportedEpoch {
  readonly epoch: number;
  readonly loss: number;
  /** Terms of the loss by name; an epoch may lack some. */
  readonly terms: Readonly<Record<string, number>>;
  readonly learningRate: number;
  /** Of the classes held out; null without any. */
  readonly recallAt1: number | null;
  readonly mapAtR?: number | null;
  /** Spread of the embeddings: mean distance of two, and directions that they use. */
  readonly meanDistance?: number | null;
  readonly effectiveRank?: number | null;
}

/** Measured metrics of one search or model; what was not measured is left out. */
export interface ReportedQuality {
  /** Told apart by it; no two alike. */
  readonly name: string;
  readonly values: Partial<RetrievalMetrics & Agreement>;
}

export interface ReportedEmbeddings {
  /** [images, dimension] */
  readonly block: VectorBlock;
  /** Number of the class of each: [images]. */
  readonly labels: Int32Array;
  /** Name of each class, by number. */
  readonly classNames: readonly string[];
  /** Name of each image: [images]. */
  readonly names: readonly string[];
  /** Which images are asked about and which may be found; all by all unless given. */
  readonly rows?: RetrievalRows;
  /** JPEG, PNG or WebP bytes of a small picture of an image, about `side` pixels at its longer side. */
  thumbnail(image: number, side: number): Promise<Uint8Array>;
}

/** What a report tells; each part that is not given is left out of it. */
export interface RunReport {
  readonly title: string;
  /** Name and value: data set, network, loss, settings, counts, command, … */
  readonly facts: readonly (readonly [string, string])[];
  /** Printed prominently. */
  readonly warnings?: readonly string[];
  /** In order. */
  readonly history?: readonly ReportedEpoch[];
  /** Side by side. */
  readonly quality?: readonly ReportedQuality[];
  /** Classes that are found worst, worst first. */
  readonly worst?: readonly ClassQuality[];
  readonly embeddings?: ReportedEmbeddings;
}

export interface ReportOptions {
  /** Of the map, and of what is drawn: queries, images on the map. */
  readonly seed: number;
  readonly signal?: AbortSignal | undefined;
  /** Points of the map at most; of more images that many are drawn. 2000 unless given. */
  readonly mapPoints?: number;
}
