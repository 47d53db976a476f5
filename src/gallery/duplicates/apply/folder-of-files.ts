import {
  constants,
  copyFile,
  link,
  lstat,
  mkdir,
  readFile,
  realpath,
  rename,
  rm,
  unlink,
  utimes,
} from 'node:fs/promises';
import { dirname, isAbsolute, join } from 'node:path';
import { syncPath } from '../../../durable-file.js';
import { MedoidError } from '../../../errors.js';
import { hashImage } from '../../../images/decode.js';

/** Why a file is left as it is. */
export class LeftAlone extends Error {}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

export interface FileState {
  readonly path: string;
  readonly sha256: string;
  readonly mode: number;
  readonly modifiedMs: number;
  readonly device: number;
  readonly inode: number;
  /** Names that the file has, this one and hard links. */
  readonly links: number;
}

export const areOneFile = (a: FileState, b: FileState): boolean =>
  a.inode === b.inode && a.device === b.device;

/** Files below a folder by their paths in it: never outside of it, and never through a link. */
export class FolderOfFiles {
  private constructor(readonly root: string) {}

  /** @throws MedoidError `file-not-found` */
  static async open(folder: string): Promise<FolderOfFiles> {
    const root = await realpath(folder).catch(error => {
      if (!isMissing(error)) throw error;
      throw new MedoidError('file-not-found', `expected a folder, but there is no ${folder}`);
    });
    if (!(await lstat(root)).isDirectory()) {
      throw new MedoidError('file-unusable', `expected a folder, got ${folder}`);
    }
    return new FolderOfFiles(root);
  }

  /** @throws LeftAlone for what leads out of the folder or through a link */
  async placeOf(path: string, { makeFolders = false } = {}): Promise<string> {
    const parts = path.split('/');
    if (isAbsolute(path) || path.includes('\0') || parts.some(part => ['', '.', '..'].includes(part))) {
      throw new LeftAlone('its key is no path within the folder');
    }
    let place = this.root;
    for (const part of parts.slice(0, -1)) {
      place = join(place, part);
      const found = await lstat(place).catch(error => {
        if (isMissing(error)) return undefined;
        throw error;
      });
      if (found === undefined && makeFolders) {
        await mkdir(place);
        await syncPath(dirname(place));
      } else if (found !== undefined && !found.isDirectory()) {
        throw new LeftAlone('its path leads through something that is no folder');
      }
    }
    return join(place, parts[parts.length - 1]);
  }

  /** Nothing where there is nothing. @throws LeftAlone for what is no file */
  async look(path: string): Promise<FileState | undefined> {
    const place = await this.placeOf(path);
    try {
      const found = await lstat(place);
      const { mode, mtimeMs, dev, ino, nlink } = found;
      if (!found.isFile()) throw new LeftAlone('it is no file');
      const sha256 = hashImage(await readFile(place));
      return {
        ...{ path: place, sha256, mode: mode & 0o7777, modifiedMs: mtimeMs },
        ...{ device: dev, inode: ino, links: nlink },
      };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  /** @throws LeftAlone unless the file is there and has these bytes */
  async require(path: string, sha256: string): Promise<FileState> {
    const state = await this.look(path);
    if (state === undefined) throw new LeftAlone('it is not there');
    if (state.sha256 !== sha256) throw new LeftAlone('it is not the picture that was compared');
    return state;
  }
}

export async function removeFile(path: string): Promise<void> {
  await unlink(path);
  await syncPath(dirname(path));
}

/** With its mode and times. Never in the place of anything. */
async function copyAsItIs(from: string, to: string): Promise<void> {
  const temporary = `${to}.medoid-tmp`;
  // One that a process left when it was killed.
  await rm(temporary, { force: true });
  try {
    const { atimeMs, mtimeMs } = await lstat(from);
    await copyFile(from, temporary, constants.COPYFILE_FICLONE | constants.COPYFILE_EXCL);
    await utimes(temporary, atimeMs / 1000, mtimeMs / 1000);
    await syncPath(temporary);
    if ((await lstat(to).catch(() => undefined)) !== undefined) {
      throw new LeftAlone('something else lies where it is to go');
    }
    await rename(temporary, to);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}

/** Another device, or a file system without hard links, or a file that has as many as may be. */
export const isWithoutLinks = (error: unknown): boolean =>
  ['EXDEV', 'EPERM', 'ENOTSUP', 'EMLINK'].includes((error as NodeJS.ErrnoException).code ?? '');

/** Has a second name for a file, on this file system or, as a copy, on another. Never in the place of anything. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      throw new LeftAlone('something else lies where it is to go');
    }
    if (!isWithoutLinks(error)) throw error;
    await copyAsItIs(from, to);
  }
}

/** The file is under one of the two names at any moment. @throws LeftAlone when there is something of the new name */
export async function moveFile(from: string, to: string): Promise<void> {
  await linkOrCopy(from, to);
  await syncPath(dirname(to));
  await removeFile(from);
}
