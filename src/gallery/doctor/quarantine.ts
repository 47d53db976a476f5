import { existsSync } from 'node:fs';
import { mkdir, rename } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { syncPath } from '../../durable-file.js';

export const quarantineFolder = 'quarantine';

/**
 * Moves a file or folder of a gallery out of the way, where somebody may look at it: nothing is lost.
 * @param file from the gallery's folder down
 * @returns where it is now, likewise
 */
export async function moveToQuarantine(directory: string, file: string): Promise<string> {
  await mkdir(join(directory, quarantineFolder), { recursive: true });
  const name = file.replaceAll(/[/\\]/g, '_');
  let target = `${quarantineFolder}/${name}`;
  for (let i = 1; existsSync(join(directory, target)); i++) target = `${quarantineFolder}/${name}.${i}`;
  await rename(join(directory, file), join(directory, target));
  await syncPath(join(directory, quarantineFolder));
  await syncPath(dirname(join(directory, file)));
  return target;
}
