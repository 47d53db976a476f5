import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { hashImage } from '../../../images/decode.js';
import type { Collection } from '../../collection.js';
import { stopIfAborted } from '../../stop-if-aborted.js';
import { LeftAlone } from './folder-of-files.js';
import { type ItemStep, keptImagesFolder } from './undo-file.js';
import type { UndoProblem } from './undo-files.js';

export interface UndoItemsTools {
  readonly collection: Collection;
  /** What items were moved to. */
  readonly to: Collection | undefined;
  readonly undoFile: string;
  readonly signal: AbortSignal;
}

async function readKept({ sha256 }: ItemStep, { undoFile }: UndoItemsTools): Promise<Uint8Array> {
  const bytes = await readFile(join(keptImagesFolder(undoFile), sha256)).catch(() => undefined);
  if (bytes !== undefined && hashImage(bytes) === sha256) return bytes;
  throw new LeftAlone('its picture is not beside the undo file any more, or is damaged');
}

async function readMoved(step: ItemStep, { to }: UndoItemsTools): Promise<Uint8Array> {
  const item = to?.findItemByKey(step.key);
  if (to === undefined || item?.imageSha256 !== step.sha256)
    throw new LeftAlone('it is not any more where it was moved to');
  const moved = await to.readImage(item.id).catch(() => undefined);
  if (moved !== undefined) return moved.bytes;
  throw new LeftAlone('its picture is lost where it was moved to');
}

async function undoStep(step: ItemStep, tools: UndoItemsTools): Promise<void> {
  const { collection, to } = tools;
  const { key, label, metadata, sha256 } = step;
  const there = collection.findItemByKey(key);
  if (there !== undefined && there.imageSha256 !== sha256) throw new LeftAlone('another picture has its key');
  if (there === undefined) {
    const image = await (step.step === 'move-item' ? readMoved : readKept)(step, tools);
    const [outcome] = await collection.add([{ key, label, metadata, image }]);
    if (outcome.status === 'failed') throw new LeftAlone(outcome.message);
  }
  // Also where it was killed half-way: then it is in both.
  if (step.step !== 'move-item' || to === undefined) return;
  const moved = to.findItemByKey(key);
  if (moved?.imageSha256 === sha256) await to.removeItems([moved.id]);
}

/**
 * Puts back, from the last step to the first, what each of them took away; they get new ids. What cannot be put back is told,
 * and the others are all the same.
 * @throws MedoidError `interrupted` between two steps, and whatever writing fails with
 */
export async function undoItems(steps: readonly ItemStep[], tools: UndoItemsTools): Promise<UndoProblem[]> {
  const problems: UndoProblem[] = [];
  for (const step of [...steps].reverse()) {
    stopIfAborted(tools.signal);
    await undoStep(step, tools).catch(error => {
      if (!(error instanceof LeftAlone)) throw error;
      problems.push({ name: step.key, reason: error.message });
    });
  }
  return problems;
}
