import type { Verdict } from '../catalog/duplicate-rows.js';
import { MedoidError } from '../errors.js';
import { Gallery } from '../gallery/gallery.js';
import type { CommandResult } from './command.js';

export interface DecideOptions {
  readonly collection: string;
  readonly decide: Verdict | undefined;
  readonly itemIds: readonly number[] | undefined;
}

/** Remembers what some items have to do with each other. */
export async function decideDuplicates(
  directory: string,
  { collection: name, decide: verdict, itemIds }: DecideOptions,
): Promise<CommandResult> {
  if (verdict === undefined || itemIds === undefined) {
    const field = verdict === undefined ? 'decide' : 'itemIds';
    throw new MedoidError('invalid-option', 'expected --decide and --item-ids together', { field });
  }
  const gallery = await Gallery.open(directory, { access: 'write' });
  try {
    const { duplicates } = await gallery.collection(name);
    const decision = await duplicates.decide({ verdict, itemIds });
    const text = `Decision ${decision.id}: ${verdict}, of the items ${decision.itemIds.join(', ')}. They are not told of again.`;
    return { json: decision, text };
  } finally {
    await gallery.close();
  }
}
