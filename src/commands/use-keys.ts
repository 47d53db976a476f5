import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { KeyStore } from '../catalog/key-store.js';
import { MedoidError } from '../errors.js';
import type { CommandContext } from './command.js';

export const galleryOption = z.string().min(1).describe('folder of the gallery');

/**
 * Calls `use` with the keys of a gallery that there is, so that none are put where nobody will look for them.
 * @throws MedoidError `file-not-found`, `invalid-gallery`, or what `use` throws
 */
export function useKeys<T>(
  directory: string,
  { access, report }: { readonly access: 'read' | 'write' } & Pick<CommandContext, 'report'>,
  use: (keys: KeyStore) => T,
): T {
  const catalogPath = join(directory, 'catalog.sqlite');
  if (!existsSync(catalogPath)) {
    throw new MedoidError('file-not-found', `expected a gallery, but there is no ${catalogPath}`);
  }
  const keys = KeyStore.open(directory, { access, onNotice: report });
  try {
    return use(keys);
  } finally {
    keys.close();
  }
}
