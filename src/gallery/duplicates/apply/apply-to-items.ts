import { join } from 'node:path';
import { makeFolder, replaceFile } from '../../../durable-file.js';
import { inBatches } from '../../../work-ahead.js';
import type { Collection } from '../../collection.js';
import type { Item } from '../../item.js';
import { stopIfAborted } from '../../stop-if-aborted.js';
import type { RemovalOutcome } from './apply-to-files.js';
import type { Removal } from './removal-plan.js';
import { type ItemStep, keptImagesFolder, type UndoWriter } from './undo-file.js';

export interface ItemTools {
  readonly collection: Collection;
  /** What items are moved to; nothing where they are deleted. */
  readonly to: Collection | undefined;
  readonly undo: UndoWriter;
  readonly signal: AbortSignal;
  readonly onDone: (done: number) => void;
}

interface Prepared {
  readonly removal: Removal;
  readonly item: Item;
  readonly image: Buffer;
}

/** Of these the pictures are in memory, and they go in one transaction. */
const itemsAtOnce = 32;

const stepOf = ({ key, label, metadata, imageSha256 }: Item, step: ItemStep['step']): ItemStep => ({
  step,
  key,
  label,
  metadata: metadata as ItemStep['metadata'],
  sha256: imageSha256,
});

async function prepare(removal: Removal, { collection, to }: ItemTools): Promise<Prepared | string> {
  const { goes } = removal;
  if (collection.findItem(goes.id)?.imageSha256 !== goes.imageSha256) return 'it is not as it was';
  if (to?.findItemByKey(goes.key) !== undefined) return `${to.name} has an item of its key`;
  try {
    const { item, bytes } = await collection.readImage(goes.id);
    return { removal, item, image: bytes };
  } catch {
    return 'its picture is lost, with which alone it could be put back';
  }
}

async function keepImages(prepared: readonly Prepared[], { undo }: ItemTools): Promise<void> {
  const folder = keptImagesFolder(undo.path);
  await makeFolder(folder);
  for (const { item, image } of prepared) await replaceFile(join(folder, item.imageSha256), image);
}

/** @returns why items were not moved, by their keys */
async function addTo(to: Collection, prepared: readonly Prepared[]): Promise<Map<string, string>> {
  const outcomes = await to.add(
    prepared.map(({ item: { key, label, metadata }, image }) => ({ key, label, metadata, image })),
  );
  return new Map(
    outcomes.flatMap(outcome => (outcome.status === 'failed' ? [[outcome.key, outcome.message]] : [])),
  );
}

async function applyBatch(batch: readonly Removal[], tools: ItemTools): Promise<RemovalOutcome[]> {
  const { collection, to, undo } = tools;
  const entries = await Promise.all(batch.map(removal => prepare(removal, tools)));
  const prepared = entries.filter(entry => typeof entry !== 'string');
  if (to === undefined) await keepImages(prepared, tools);
  await undo.append(prepared.map(({ item }) => stepOf(item, to === undefined ? 'delete-item' : 'move-item')));
  const failed = to === undefined ? new Map<string, string>() : await addTo(to, prepared);
  const gone = prepared.filter(({ item }) => !failed.has(item.key));
  await collection.removeItems(gone.map(({ item }) => item.id));
  return batch.map((removal, i) => {
    const entry = entries[i];
    return { removal, leftBecause: typeof entry === 'string' ? entry : failed.get(removal.goes.key) };
  });
}

/**
 * Removes items from a collection, or moves them to another one. Each is written into the undo file before, and its picture is
 * kept beside that or in the other collection.
 * @throws MedoidError `interrupted` between two steps, and whatever writing fails with
 */
export async function applyToItems(plan: readonly Removal[], tools: ItemTools): Promise<RemovalOutcome[]> {
  const outcomes: RemovalOutcome[] = [];
  for (const batch of inBatches(plan, itemsAtOnce)) {
    stopIfAborted(tools.signal);
    outcomes.push(...(await applyBatch(batch, tools)));
    tools.onDone(outcomes.length);
  }
  return outcomes;
}
