import type { Catalog } from '../../catalog/catalog.js';
import type { MeasuredCost } from '../../catalog/cluster-rows.js';
import type { FoundCost } from '../../catalog/clusterings.js';
import { type ConsolidatedFacilities, consolidateFacilities } from '../../cluster/consolidate-facilities.js';
import { mostCompared } from '../../cluster/facility-location.js';
import { measureFacilityCost } from '../../cluster/measure-facility-cost.js';
import { createRandom } from '../../math/random.js';
import { rowOf, stackVectors } from '../../math/vectors.js';
import { createTurns } from '../../take-turns.js';
import type { EmbeddingSpace } from '../embedding-space.js';
import { lookAround } from '../look-around.js';
import type { OpenedCollection } from '../open-collections.js';
import { type AppliedConsolidation, applyConsolidation } from './apply-consolidation.js';
import { type ClusterSnapshot, takeClusterSnapshot } from './cluster-snapshot.js';

/** Items that the facility cost is measured with: 16 MB of distances. */
const mostMeasured = 2000;
/** After so many that did not fit what had come meanwhile, one is done while nothing else is written. */
const mostRounds = 3;

export interface ConsolidationParts {
  readonly opened: OpenedCollection;
  readonly catalog: Catalog;
  readonly signal: AbortSignal;
  /** Writes what is to be kept together with the clusters, or not at all. */
  readonly alongside: (result: ConsolidationResult) => void;
}

export interface ConsolidationResult extends AppliedConsolidation {
  readonly items: number;
  readonly clusters: number;
  readonly facilityCost: number;
  /** Σ of distances to the own medoid, before and after. */
  readonly energy: { readonly before: number; readonly after: number };
  /** The energy and what the facilities cost. */
  readonly cost: { readonly before: number; readonly after: number };
}

/** What fewer say is only believed until there are more. */
const enoughMeasured = 500;

const isNear = (a: number, b: number): boolean => a < 2 * b && b < 2 * a;

/**
 * For each item, as a sample says. As it was before where there are not half or twice as many since, or where the sample does
 * not say half or twice as much, and that before was of many: each time that it changes, clusters merge and split.
 */
async function measureShare(
  { clustering: { measured, seed }, embeddings: { block } }: ClusterSnapshot,
  signal: AbortSignal,
): Promise<MeasuredCost | null> {
  if (measured !== null && isNear(block.count, measured.items)) return measured;
  const order = createRandom(`${seed}/facility-cost`).shuffle(
    Array.from({ length: block.count }, (_, i) => i),
  );
  const rows = order.slice(0, mostMeasured).sort((a, b) => a - b);
  const vectors = rows.map(row => rowOf(block, row));
  const share = await measureFacilityCost(stackVectors(vectors, block.dimension), createTurns(signal));
  if (share === undefined) return measured;
  const isSame = measured !== null && measured.items >= enoughMeasured && isNear(share, measured.share);
  return { share: isSame ? measured.share : share, items: block.count };
}

/** As it is asked for; else as measured, as many times as there are items. */
async function findFacilityCost(snapshot: ClusterSnapshot, signal: AbortSignal): Promise<FoundCost> {
  const { clustering, embeddings } = snapshot;
  const { askedCost, facilityCost, measured: before } = clustering;
  if (askedCost !== null) return { facilityCost: askedCost, measured: before };
  const measured = await measureShare(snapshot, signal);
  if (measured === null) return { facilityCost, measured };
  return { facilityCost: measured.share * embeddings.block.count, measured };
}

interface Found {
  readonly snapshot: ClusterSnapshot;
  readonly cost: FoundCost;
  readonly found: ConsolidatedFacilities;
}

async function findBetter(
  space: EmbeddingSpace,
  { opened, catalog, signal }: ConsolidationParts,
): Promise<Found | undefined> {
  const source = { catalog, collectionId: opened.id, set: space.set };
  const snapshot = await takeClusterSnapshot(source, signal);
  if (snapshot === undefined || snapshot.facilities.length === 0) return undefined;
  const { embeddings, facilities: start, assignment, groups } = snapshot;
  const cost = await findFacilityCost(snapshot, signal);
  const table =
    embeddings.items.length <= mostCompared
      ? undefined
      : await lookAround(embeddings, space, { amongThem: false, signal });
  const options = { groups, facilityCost: cost.facilityCost, table, signal };
  const found = await consolidateFacilities(embeddings.block, { start, assignment }, options);
  return { snapshot, cost, found };
}

/** @returns nothing where it does not fit any more what there is */
function apply(
  { snapshot, cost, found }: Found,
  { opened, catalog, alongside }: ConsolidationParts,
): ConsolidationResult | undefined {
  const result = opened.clusters.transaction(() => {
    const applied = applyConsolidation(catalog, snapshot, found);
    if (applied === undefined) return undefined;
    const { clusterings } = catalog;
    clusterings.saveConsolidation(snapshot.clustering.id, cost);
    const { energy } = found;
    const { facilityCost } = cost;
    const written: ConsolidationResult = {
      ...applied,
      items: clusterings.members.countOfCollection(opened.id),
      clusters: clusterings.countOpen(snapshot.clustering.id),
      facilityCost,
      energy,
      cost: {
        before: energy.before + facilityCost * snapshot.facilities.length,
        after: energy.after + facilityCost * found.facilities.length,
      },
    };
    alongside(written);
    return written;
  });
  opened.clusters.forget();
  return result;
}

/**
 * Brings the clusters near to what offline facility location would find at the same cost. Items may come and go and hands
 * may change clusters while it searches: what it found is written only as far as it fits what there is by then.
 * @returns nothing where there is nothing to consolidate
 * @throws MedoidError `interrupted`
 */
export async function consolidateClusters(
  parts: ConsolidationParts,
): Promise<ConsolidationResult | undefined> {
  const { opened } = parts;
  for (let round = 0; round < mostRounds; round++) {
    const found = await opened.space.use(space => findBetter(space, parts));
    if (found === undefined) return undefined;
    const result = await opened.writer.exclusively(async () => apply(found, parts));
    if (result !== undefined) return result;
  }
  return opened.writer.exclusively(async space => {
    const found = await findBetter(space, parts);
    return found && apply(found, parts);
  });
}
