import { isDeepStrictEqual } from 'node:util';
import type { Catalog, ItemImage } from '../catalog/catalog.js';
import type { EmbeddingSetRow, ItemRow } from '../catalog/rows.js';
import { MedoidError } from '../errors.js';
import { checkVector } from '../vector-index/checks.js';
import type { IndexedVector } from '../vector-index/vector-index.js';
import { type AddOutcome, toItem } from './item.js';
import type { OnlineClusters } from './online-clusters/online-clusters.js';
import { decodeImage, type FailedItem, type PreparationTools, type PreparedItem } from './prepare-item.js';

interface Target {
  readonly catalog: Catalog;
  readonly collectionId: number;
}

interface WriteTarget extends Target {
  readonly clusters: OnlineClusters;
  /** That is searched. */
  readonly set: EmbeddingSetRow;
}

/** An item whose image is not the one the catalog has. */
interface NewImage {
  readonly item: PreparedItem;
  /** Of the same key. */
  readonly existing: ItemRow | undefined;
}

/** What becomes of one item. */
export type Plan =
  | { readonly status: 'failed'; readonly item: FailedItem }
  | { readonly status: 'unchanged' | 'updated'; readonly item: PreparedItem; readonly existing: ItemRow }
  | ({ readonly status: 'added' | 'replaced'; readonly image: ItemImage } & NewImage);

/** What an index must do to follow what was written. */
export interface IndexChanges {
  readonly add: readonly IndexedVector[];
  readonly remove: readonly number[];
}

const embeddedAtOnce = 64;

async function embedAll(
  pixels: readonly Uint8Array[],
  { embedder, signal }: PreparationTools,
): Promise<Float32Array[]> {
  const embeddings: Float32Array[] = [];
  for (let i = 0; i < pixels.length; i += embeddedAtOnce) {
    embeddings.push(...(await embedder.embedPixels(pixels.slice(i, i + embeddedAtOnce), { signal })));
  }
  return embeddings;
}

/** @throws MedoidError `invalid-vector` when the model's answer cannot be searched for */
function planNewImage({ item, existing }: NewImage, image: ItemImage): Plan {
  try {
    checkVector(image.embedding, image.embedding.length);
  } catch (error) {
    if (error instanceof MedoidError) return { status: 'failed', item: { key: item.key, failure: error } };
    throw error;
  }
  return { status: existing === undefined ? 'added' : 'replaced', item, existing, image };
}

async function embedNewImages(
  entries: readonly NewImage[],
  tools: PreparationTools,
): Promise<Map<PreparedItem, Plan>> {
  const { embedder, images } = tools;
  const decoded = await Promise.all(
    // Since it was prepared, an item may have got another image, so that this one was not decoded, or the collection
    // another model.
    entries.map(async ({ item: { decoded, imageSha256 } }) =>
      decoded?.modelId === embedder.modelId ? decoded : decodeImage(await images.read(imageSha256), tools),
    ),
  );
  const embeddings = await embedAll(
    decoded.map(image => image.pixels),
    tools,
  );
  const plans = entries.map((entry, i) => {
    const { imageSha256, bytes } = entry.item;
    const { info, hash } = decoded[i];
    return planNewImage(entry, { ...info, imageSha256, bytes, hash, embedding: embeddings[i] });
  });
  return new Map(entries.map((entry, i) => [entry.item, plans[i]]));
}

const hasSameText = (item: PreparedItem, existing: ItemRow): boolean =>
  item.label === existing.label && isDeepStrictEqual(item.metadata, existing.metadata);

/** Decides what becomes of each item, in order, and embeds the images that are new. */
export async function planItems(
  items: readonly (PreparedItem | FailedItem)[],
  { catalog, collectionId }: Target,
  tools: PreparationTools,
): Promise<Plan[]> {
  const seen = new Set<string>();
  const drafts = items.map((item): Plan | NewImage => {
    if ('failure' in item) return { status: 'failed', item };
    if (seen.has(item.key)) {
      const failure = new MedoidError('invalid-request', `the key ${item.key} comes twice in one call`);
      return { status: 'failed', item: { key: item.key, failure } };
    }
    seen.add(item.key);
    const existing = catalog.findItemByKey(collectionId, item.key);
    if (existing?.imageSha256 !== item.imageSha256) return { item, existing };
    return { status: hasSameText(item, existing) ? 'unchanged' : 'updated', item, existing };
  });
  const embedded = await embedNewImages(
    drafts.filter((draft): draft is NewImage => !('status' in draft)),
    tools,
  );
  return drafts.map(draft => ('status' in draft ? draft : (embedded.get(draft.item) as Plan)));
}

interface Written {
  readonly row: ItemRow;
  /** Nothing where the collection has no clusters. */
  readonly clusterId: number | undefined;
}

function writePlan(plan: Plan, target: WriteTarget): Written | undefined {
  const { catalog, collectionId, clusters, set } = target;
  if (plan.status === 'failed') return undefined;
  const { label, metadata, key } = plan.item;
  switch (plan.status) {
    case 'unchanged':
      return { row: plan.existing, clusterId: clusters.clusterOf(plan.existing.id) };
    case 'updated': {
      const row = catalog.updateItem(collectionId, plan.existing.id, { label, metadata });
      return { row, clusterId: clusters.clusterOf(row.id) };
    }
    default: {
      const item = { label, metadata, ...plan.image };
      if (plan.existing !== undefined) clusters.takeOut([plan.existing.id], set);
      const row =
        plan.existing === undefined
          ? catalog.addItem(collectionId, key, item)
          : catalog.replaceItem(collectionId, plan.existing.id, item);
      return { row, clusterId: clusters.place({ itemId: row.id, ...plan.image }, set) };
    }
  }
}

/** Writes everything in one transaction. */
export function writePlans(
  plans: readonly Plan[],
  target: WriteTarget,
): { outcomes: AddOutcome[]; changes: IndexChanges } {
  const written = target.catalog.transaction(() => plans.map(plan => writePlan(plan, target)));
  const add: IndexedVector[] = [];
  const remove: number[] = [];
  const outcomes = plans.map((plan, i): AddOutcome => {
    if (plan.status === 'failed') {
      const { key, failure } = plan.item;
      return { key, status: 'failed', code: failure.code, message: failure.message };
    }
    const { row, clusterId } = written[i] as Written;
    if ('image' in plan) {
      add.push({ id: row.vectorId, vector: plan.image.embedding });
      if (plan.existing !== undefined) remove.push(plan.existing.vectorId);
    }
    const joined = clusterId === undefined ? {} : { clusterId };
    return { key: row.key, status: plan.status, item: toItem(row), ...joined };
  });
  return { outcomes, changes: { add, remove } };
}
