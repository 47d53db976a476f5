import { link, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncPath } from '../../../durable-file.js';
import { MedoidError } from '../../../errors.js';
import type { Collection } from '../../collection.js';
import { stopIfAborted } from '../../stop-if-aborted.js';
import {
  areOneFile,
  type FileState,
  type FolderOfFiles,
  isWithoutLinks,
  LeftAlone,
  moveFile,
  removeFile,
} from './folder-of-files.js';
import type { Removal, RemovalAction } from './removal-plan.js';
import type { FileStep, UndoWriter } from './undo-file.js';

/** What became of what was to go. */
export interface RemovalOutcome {
  readonly removal: Removal;
  /** Why it was left as it is; nothing when it is done. */
  readonly leftBecause: string | undefined;
}

export interface FileTools {
  readonly collection: Collection;
  readonly action: RemovalAction;
  readonly originals: FolderOfFiles;
  /** Where files are moved to. */
  readonly to: FolderOfFiles | undefined;
  readonly undo: UndoWriter;
  readonly signal: AbortSignal;
  readonly onDone: (done: number) => void;
}

interface Step {
  readonly entry: FileStep;
  readonly run: () => Promise<void>;
}

/** The file that is to go, and the one that stays in its place. */
interface Files {
  readonly goes: FileState;
  readonly kept: FileState;
}

async function planMove({ goes }: Files, { goes: item }: Removal, { to }: FileTools): Promise<Step> {
  if (to === undefined) throw new MedoidError('invalid-option', '--to: expected a folder to move files to');
  // Before it is written down: what lies there is none of what can be undone.
  if ((await to.look(item.key)) !== undefined) throw new LeftAlone('something else lies where it is to go');
  const place = await to.placeOf(item.key, { makeFolders: true });
  return {
    entry: { step: 'move-file', path: item.key, sha256: goes.sha256 },
    run: () => moveFile(goes.path, place),
  };
}

/** One name takes the place of the other's file at once, so that there is a whole file at any moment. */
async function planLink({ goes, kept }: Files, { goes: item, stays }: Removal): Promise<Step> {
  if (areOneFile(goes, kept)) throw new LeftAlone('it is a link already');
  if (kept.device !== goes.device)
    throw new LeftAlone('it lies on another device than what it would be a link to');
  const temporary = `${goes.path}.medoid-tmp`;
  const { sha256, mode, modifiedMs } = goes;
  return {
    entry: { step: 'link-file', path: item.key, stays: stays.key, sha256, mode, modifiedMs },
    run: async () => {
      // One that a process left when it was killed.
      await rm(temporary, { force: true });
      await link(kept.path, temporary).catch(error => {
        if (!isWithoutLinks(error)) throw error;
        throw new LeftAlone('what it would be a link to can have no more of them');
      });
      await rename(temporary, goes.path);
      await syncPath(dirname(goes.path));
    },
  };
}

/** Its bytes are to be in the gallery still, from where they can be put back. */
async function planDelete(
  { goes }: Files,
  { goes: item }: Removal,
  { collection }: FileTools,
): Promise<Step> {
  const { sha256, mode, modifiedMs } = goes;
  const stored = await collection.readImage(item.id).catch(() => undefined);
  // Another process may have given the item another picture meanwhile, and the gallery let go of this one.
  if (stored?.item.imageSha256 !== sha256) {
    throw new LeftAlone('the gallery has lost its picture, with which alone it could be put back');
  }
  return {
    entry: { step: 'delete-file', path: item.key, sha256, mode, modifiedMs },
    run: () => removeFile(goes.path),
  };
}

const planners = { move: planMove, hardlink: planLink, delete: planDelete };

async function applyOne(removal: Removal, tools: FileTools): Promise<void> {
  const { goes, stays } = removal;
  const { originals, action, undo } = tools;
  if (action === 'hardlink' && removal.tier !== 'identical') throw new LeftAlone('it has other bytes');
  const state = await originals.require(goes.key, goes.imageSha256);
  const kept = await originals.look(stays.key);
  if (kept?.sha256 !== stays.imageSha256)
    throw new LeftAlone(`${stays.key}, which is to stay, is not as it was`);
  // Of a folder in which `a.jpg` and `A.jpg` are one name.
  if (areOneFile(state, kept) && state.links === 1)
    throw new LeftAlone('it is the very file that is to stay');
  const { entry, run } = await planners[action]({ goes: state, kept }, removal, tools);
  await undo.append([entry]);
  await run();
}

/**
 * Does away with the files that the keys of duplicates name, one after the other; each is written into the undo file before.
 * A file is left alone unless it has the bytes that were compared, and what is to stay does, too.
 * @throws MedoidError `interrupted` between two files
 */
export async function applyToFiles(plan: readonly Removal[], tools: FileTools): Promise<RemovalOutcome[]> {
  const outcomes: RemovalOutcome[] = [];
  for (const removal of plan) {
    stopIfAborted(tools.signal);
    const leftBecause = await applyOne(removal, tools).then(
      () => undefined,
      error => {
        if (error instanceof LeftAlone) return error.message;
        throw error;
      },
    );
    outcomes.push({ removal, leftBecause });
    tools.onDone(outcomes.length);
  }
  return outcomes;
}
