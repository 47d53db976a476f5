import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, sep } from 'node:path';
import { messageOf } from '../errors.js';
import { isImageName } from '../images/image-name.js';
import type { ImageSource, SourceFailure, SourceImage } from './image-source.js';

/** `folder`: the name of the top folder an image lies in, none for those at the root. */
export type LabelSource = 'folder' | 'none';

interface Walk {
  readonly root: string;
  readonly realRoot: string;
  readonly labelFrom: LabelSource;
  /** Real paths of the folders that were read. */
  readonly visited: Set<string>;
  readonly images: SourceImage[];
  readonly failed: SourceFailure[];
  ignored: number;
}

interface Folder {
  /** Names from the root down. */
  readonly names: readonly string[];
  /** Reached through a link that leads out of the tree. */
  readonly outside: boolean;
}

const isInside = (path: string, folder: string): boolean => path === folder || path.startsWith(folder + sep);

/** What a name stands for, links followed. */
async function kindOf(entry: Dirent, path: string): Promise<'folder' | 'file' | 'broken link' | 'other'> {
  if (!entry.isSymbolicLink()) return entry.isDirectory() ? 'folder' : entry.isFile() ? 'file' : 'other';
  const target = await stat(path).catch(() => undefined);
  if (target === undefined) return 'broken link';
  return target.isDirectory() ? 'folder' : target.isFile() ? 'file' : 'other';
}

function addFile(walk: Walk, names: readonly string[]): void {
  if (!isImageName(names[names.length - 1])) {
    walk.ignored++;
    return;
  }
  const path = join(walk.root, ...names);
  const key = names.join('/');
  const label = walk.labelFrom === 'folder' && names.length > 1 ? names[0] : null;
  walk.images.push({ path, shownPath: key, key, label, metadata: {} });
}

/**
 * Each folder is read once, under its own name where it has one in the tree: a link to a folder of the tree is
 * passed over, so loops end and an image never comes under two keys.
 */
async function enterFolder(walk: Walk, { names, outside }: Folder, linked: 'linked' | 'own'): Promise<void> {
  const real = await realpath(join(walk.root, ...names));
  const leadsOut = linked === 'linked' || outside;
  if (leadsOut && isInside(real, walk.realRoot)) return;
  if (walk.visited.has(real)) return;
  walk.visited.add(real);
  await walkFolder(walk, { names, outside: leadsOut });
}

async function walkFolder(walk: Walk, folder: Folder): Promise<void> {
  const path = join(walk.root, ...folder.names);
  let entries: Dirent[];
  try {
    entries = await readdir(path, { withFileTypes: true });
  } catch (error) {
    walk.failed.push({
      path: folder.names.join('/') || '.',
      code: 'file-not-found',
      message: messageOf(error),
    });
    return;
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  for (const entry of entries) {
    const names = [...folder.names, entry.name];
    const kind = await kindOf(entry, join(walk.root, ...names));
    const linked = entry.isSymbolicLink() ? 'linked' : 'own';
    if (kind === 'folder') await enterFolder(walk, { names, outside: folder.outside }, linked);
    else if (kind === 'other') walk.ignored++;
    // A link that leads nowhere fails when it is read, and is reported then.
    else addFile(walk, names);
  }
}

/** Every image file below a folder, in the order of their names; the key is the path from `root` with slashes. */
export async function readFolderSource(
  root: string,
  { labelFrom }: { readonly labelFrom: LabelSource },
): Promise<ImageSource> {
  const realRoot = await realpath(root);
  const walk: Walk = {
    root,
    realRoot,
    labelFrom,
    visited: new Set([realRoot]),
    images: [],
    failed: [],
    ignored: 0,
  };
  await walkFolder(walk, { names: [], outside: false });
  return walk;
}
