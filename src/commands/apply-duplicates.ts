import { MedoidError } from '../errors.js';
import type { Collection } from '../gallery/collection.js';
import { applyToFiles, type RemovalOutcome } from '../gallery/duplicates/apply/apply-to-files.js';
import { applyToItems } from '../gallery/duplicates/apply/apply-to-items.js';
import { FolderOfFiles } from '../gallery/duplicates/apply/folder-of-files.js';
import { planRemovals, type Removal, type RemovalAction } from '../gallery/duplicates/apply/removal-plan.js';
import { UndoWriter } from '../gallery/duplicates/apply/undo-file.js';
import type { DuplicatesFound, DuplicateTier } from '../gallery/duplicates/duplicate-group.js';
import type { Gallery } from '../gallery/gallery.js';
import type { CommandContext } from './command.js';
import { formatTable } from './format-table.js';
import { createProgress } from './progress.js';

/** What is to become of duplicates, as it was asked for. */
export interface ApplyOptions {
  readonly apply: RemovalAction;
  readonly dryRun: boolean;
  readonly originals?: string | undefined;
  readonly to?: string | undefined;
  readonly undoFile?: string | undefined;
}

interface Found {
  readonly gallery: Gallery;
  readonly collection: Collection;
  readonly found: DuplicatesFound;
  readonly tiers: readonly DuplicateTier[];
}

const refuse = (field: string, message: string): never => {
  throw new MedoidError('invalid-option', message, { field });
};

/** Before anything is searched for. @throws MedoidError `invalid-option` */
export function checkApplyOptions(
  { apply, dryRun, originals, to, undoFile }: ApplyOptions,
  tiers: readonly string[],
): void {
  if (apply === 'hardlink' && originals === undefined) {
    refuse(
      'apply',
      '--apply hardlink: expected --originals, as a gallery has identical pictures on disk once anyway',
    );
  }
  if (apply === 'hardlink' && tiers.some(tier => tier !== 'identical')) {
    refuse(
      'tiers',
      '--apply hardlink: expected --tiers identical, as a link has the bytes of what it is a link to',
    );
  }
  if (apply === 'move' && to === undefined) {
    refuse(
      'to',
      `--apply move: expected --to, the ${originals === undefined ? 'collection' : 'folder'} to move to`,
    );
  }
  if (apply !== 'move' && to !== undefined)
    refuse('to', `--to: expected it with --apply move only, got ${apply}`);
  if (!dryRun && undoFile === undefined) {
    refuse(
      'undoFile',
      '--no-dry-run: expected --undo-file, a new file to write down what is done, so that it can be undone',
    );
  }
}

/** That are on disk no more: pictures of the same bytes are stored once, or are one file if they are linked. */
function freedBytes(plan: readonly Removal[], { apply, originals }: ApplyOptions): number {
  if (apply === 'move') return 0;
  if (originals !== undefined) return plan.reduce((sum, { goes }) => sum + goes.bytes, 0);
  const staying = new Set(plan.map(({ stays }) => stays.imageSha256));
  const going = new Map(plan.map(({ goes }) => [goes.imageSha256, goes.bytes]));
  return [...going].reduce((sum, [sha256, bytes]) => sum + (staying.has(sha256) ? 0 : bytes), 0);
}

const describePlan = (plan: readonly Removal[]): string =>
  formatTable([
    ['tier', 'goes', 'bytes', 'stays', 'bytes'],
    ...plan.map(({ tier, goes, stays }) => [
      tier,
      goes.key,
      String(goes.bytes),
      stays.key,
      String(stays.bytes),
    ]),
  ]);

const verbs: Readonly<Record<RemovalAction, string>> = {
  move: 'moved',
  hardlink: 'replaced by hard links',
  delete: 'deleted',
};

async function openTarget(
  { gallery, collection }: Found,
  to: string | undefined,
): Promise<Collection | undefined> {
  if (to === undefined) return undefined;
  if (to === collection.name) refuse('to', `--to: expected another collection than ${to}`);
  const isThere = gallery.listCollections().some(({ name }) => name === to);
  return isThere ? gallery.collection(to) : gallery.addCollection(to, collection.modelId);
}

async function openFolders({ originals, to }: ApplyOptions) {
  if (originals === undefined) return undefined;
  return {
    originals: await FolderOfFiles.open(originals),
    to: to === undefined ? undefined : await FolderOfFiles.open(to),
  };
}

/**
 * Before anything is searched for, which may take minutes.
 * @throws MedoidError `out-exists`, `file-not-found`, `file-unusable`
 */
export async function checkApplyPlaces(options: ApplyOptions): Promise<void> {
  if (options.dryRun) return;
  UndoWriter.requireNew(options.undoFile as string);
  await openFolders(options);
}

async function carryOut(
  plan: readonly Removal[],
  { options, found, context }: { options: ApplyOptions; found: Found; context: CommandContext },
): Promise<RemovalOutcome[]> {
  const { apply, to } = options;
  const { collection } = found;
  const folders = await openFolders(options);
  const target = folders === undefined ? await openTarget(found, to) : undefined;
  const path = options.undoFile as string;
  const head = { collection: collection.name, to: folders?.to?.root ?? target?.name ?? null };
  const undo = await UndoWriter.create(
    path,
    folders === undefined
      ? { ...head, target: 'items' }
      : { ...head, target: 'files', folder: folders.originals.root },
  );
  const progress = createProgress(apply, plan.length, 'items');
  const { signal } = context;
  const tools = { collection, undo, signal, onDone: (done: number) => progress.update(done) };
  try {
    if (folders !== undefined) return await applyToFiles(plan, { ...tools, ...folders, action: apply });
    return await applyToItems(plan, { ...tools, to: target });
  } catch (error) {
    context.report(`stopped half-way; medoid dedupe --undo ${path} puts back what was done`);
    throw error;
  } finally {
    progress.close();
    await undo.close();
  }
}

const listed = ({ goes, stays, tier }: Removal) => ({
  tier,
  goes: { id: goes.id, key: goes.key, bytes: goes.bytes },
  stays: { id: stays.id, key: stays.key, bytes: stays.bytes },
});

/** Tells what would be done about duplicates and, unless that is all, does it. @returns the answer in both forms */
export async function applyDuplicates(options: ApplyOptions, found: Found, context: CommandContext) {
  const { apply, dryRun } = options;
  const plan = planRemovals(found.collection, found.found, found.tiers);
  const table = plan.length === 0 ? [] : [describePlan(plan)];
  if (!dryRun && !context.json) for (const text of table) context.report(text);
  const outcomes = dryRun ? [] : await carryOut(plan, { options, found, context });
  const done = outcomes.flatMap(({ removal, leftBecause }) => (leftBecause === undefined ? [removal] : []));
  const left = outcomes.flatMap(({ removal, leftBecause: reason }) =>
    reason === undefined ? [] : [{ id: removal.goes.id, key: removal.goes.key, reason }],
  );
  const freed = freedBytes(dryRun ? plan : done, options);
  const count = dryRun ? plan.length : done.length;
  const what = options.originals === undefined ? 'items' : 'files';
  const lines = dryRun
    ? [...table, `${count} ${what} would be ${verbs[apply]}, ${freed} bytes freed; --no-dry-run does it.`]
    : [
        ...left.map(({ key, reason }) => `${key} is left as it is: ${reason}`),
        `${count} ${what} ${verbs[apply]}, ${freed} bytes freed; medoid dedupe --undo ${options.undoFile} puts them back.`,
      ];
  const undoFile = dryRun ? null : options.undoFile;
  return {
    json: {
      action: apply,
      dryRun,
      plan: plan.map(listed),
      done: done.map(({ goes }) => goes.id),
      left,
      bytesFreed: freed,
      undoFile,
    },
    text: lines.join('\n'),
    exitCode: left.length === 0 ? 0 : 1,
  };
}
