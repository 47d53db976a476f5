import { open, readFile, rename, rm, utimes } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncPath } from '../../../durable-file.js';
import { messageOf } from '../../../errors.js';
import { stopIfAborted } from '../../stop-if-aborted.js';
import { areOneFile, FolderOfFiles, LeftAlone, moveFile, removeFile } from './folder-of-files.js';
import type { FileStep, UndoHead } from './undo-file.js';

/** What could not be undone, by the path or key that it is of. */
export interface UndoProblem {
  readonly name: string;
  readonly reason: string;
}

export interface UndoFilesTools {
  /** @throws MedoidError when the gallery has no such picture, or a damaged one */
  readonly readImage: (sha256: string) => Promise<Uint8Array>;
  readonly signal: AbortSignal;
}

interface Folders {
  readonly originals: FolderOfFiles;
  readonly to: FolderOfFiles | undefined;
}

type Attributes = Pick<FileStep & { step: 'delete-file' }, 'mode' | 'modifiedMs'>;

async function writeFileAsItWas(
  path: string,
  bytes: Uint8Array,
  { mode, modifiedMs }: Attributes,
): Promise<void> {
  const temporary = `${path}.medoid-tmp`;
  // One that a process left when it was killed.
  await rm(temporary, { force: true });
  const handle = await open(temporary, 'wx');
  try {
    await handle.writeFile(bytes);
    await handle.chmod(mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await utimes(temporary, modifiedMs / 1000, modifiedMs / 1000);
  await rename(temporary, path);
  await syncPath(dirname(path));
}

async function undoMove({ path, sha256 }: FileStep, { originals, to }: Folders): Promise<void> {
  const [here, there] = [await originals.look(path), await to?.look(path)];
  if (here?.sha256 === sha256) {
    // It was linked under the other name, and the process killed before it let go of this one.
    if (there !== undefined && areOneFile(here, there)) await removeFile(there.path);
    return;
  }
  if (here !== undefined) throw new LeftAlone('another file lies in its place');
  if (there?.sha256 !== sha256) throw new LeftAlone('it is not any more where it was moved to');
  await moveFile(there.path, await originals.placeOf(path, { makeFolders: true }));
}

/** @throws LeftAlone when it has lost it */
const readStored = ({ sha256 }: FileStep, { readImage }: UndoFilesTools): Promise<Uint8Array> =>
  readImage(sha256).catch(() => {
    throw new LeftAlone('the gallery does not have its picture any more');
  });

/** Gives the name a file of its own again, with the bytes that it had, whatever has become of what it is a link to. */
async function undoLink(
  step: FileStep & { step: 'link-file' },
  { originals }: Folders,
  tools: UndoFilesTools,
) {
  const [state, kept] = [await originals.look(step.path), await originals.look(step.stays)];
  const isLink = state !== undefined && kept !== undefined && areOneFile(state, kept);
  const isWhole = state?.sha256 === step.sha256;
  if (state === undefined || !(isLink || isWhole)) {
    throw new LeftAlone('it is not any more what it was linked to');
  }
  // What it is a link to may have got another name since: then only the number of names tells.
  const isItsOwn = state.links === 1 || (!isLink && kept?.sha256 === step.sha256);
  if (isItsOwn) return;
  const bytes = isWhole ? await readFile(state.path) : await readStored(step, tools);
  await writeFileAsItWas(state.path, bytes, step);
}

async function undoDelete(
  step: FileStep & { step: 'delete-file' },
  { originals }: Folders,
  tools: UndoFilesTools,
) {
  const state = await originals.look(step.path);
  if (state?.sha256 === step.sha256) return;
  if (state !== undefined) throw new LeftAlone('another file lies in its place');
  const bytes = await readStored(step, tools);
  await writeFileAsItWas(await originals.placeOf(step.path, { makeFolders: true }), bytes, step);
}

function undoStep(step: FileStep, folders: Folders, tools: UndoFilesTools): Promise<void> {
  switch (step.step) {
    case 'move-file':
      return undoMove(step, folders);
    case 'link-file':
      return undoLink(step, folders, tools);
    case 'delete-file':
      return undoDelete(step, folders, tools);
  }
}

/**
 * Puts back, from the last step to the first, what each of them took away; what is there already is left. What cannot be
 * put back is told, and the others are all the same.
 * @throws MedoidError `interrupted` between two steps; `file-not-found` for a folder that is gone
 */
export async function undoFiles(
  { head, steps }: { readonly head: UndoHead & { target: 'files' }; readonly steps: readonly FileStep[] },
  tools: UndoFilesTools,
): Promise<UndoProblem[]> {
  const originals = await FolderOfFiles.open(head.folder);
  const to = head.to === null ? undefined : await FolderOfFiles.open(head.to);
  const problems: UndoProblem[] = [];
  for (const step of [...steps].reverse()) {
    stopIfAborted(tools.signal);
    await undoStep(step, { originals, to }, tools).catch(error => {
      // One that may not be written, say, is no reason to give up the others.
      const isOfOne = error instanceof LeftAlone || (error as NodeJS.ErrnoException).syscall !== undefined;
      if (!isOfOne) throw error;
      problems.push({ name: step.path, reason: messageOf(error) });
    });
  }
  return problems;
}
