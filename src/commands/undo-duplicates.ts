import { readUndoFile, type UndoContents, UndoWriter } from '../gallery/duplicates/apply/undo-file.js';
import { type UndoProblem, undoFiles } from '../gallery/duplicates/apply/undo-files.js';
import { undoItems } from '../gallery/duplicates/apply/undo-items.js';
import { Gallery } from '../gallery/gallery.js';
import type { CommandContext, CommandResult } from './command.js';

async function putBack(
  { head, steps }: UndoContents,
  { path, directory, context: { signal } }: { path: string; directory: string; context: CommandContext },
): Promise<UndoProblem[]> {
  const gallery = await Gallery.open(directory, { access: head.target === 'files' ? 'read' : 'write' });
  try {
    if (head.target === 'files') {
      const files = { head, steps: steps as Parameters<typeof undoFiles>[0]['steps'] };
      return await undoFiles(files, { readImage: sha256 => gallery.readImage(sha256), signal });
    }
    const collection = await gallery.collection(head.collection);
    const to = head.to === null ? undefined : await gallery.collection(head.to);
    const items = steps as Parameters<typeof undoItems>[0];
    return await undoItems(items, { collection, to, undoFile: path, signal });
  } finally {
    await gallery.close();
  }
}

/** Puts back what an undo file says was done, and writes into it that it was undone: then it does nothing any more. */
export async function undoDuplicates(
  path: string,
  directory: string,
  context: CommandContext,
): Promise<CommandResult> {
  const contents = await readUndoFile(path);
  if (contents.undone) {
    return { json: { undone: 0, problems: [] }, text: 'It has been undone already: nothing was done.' };
  }
  const problems = await putBack(contents, { path, directory, context });
  const undone = contents.steps.length - problems.length;
  if (problems.length === 0) {
    const writer = await UndoWriter.reopen(path);
    await writer.append([{ step: 'undone', at: new Date().toISOString() }]).finally(() => writer.close());
  }
  const lines = problems.map(({ name, reason }) => `${name} is not put back: ${reason}`);
  return {
    json: { undone, problems },
    text: [...lines, `${undone} of ${contents.steps.length} are where they were.`].join('\n'),
    exitCode: problems.length === 0 ? 0 : 1,
  };
}
