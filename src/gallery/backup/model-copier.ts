import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { UsedModel } from '../../catalog/catalog-snapshot.js';
import { loadModel, manifestFile } from '../../embed/manifest.js';
import { messageOf } from '../../errors.js';
import type { Notify } from '../notice.js';
import type { ArchiveWriter } from './archive-writer.js';
import { type MissingEntry, modelEntry } from './backup-format.js';

export interface ModelCopierParts {
  /** `models/` of the gallery. */
  readonly directory: string;
  readonly archive: ArchiveWriter;
  readonly notify: Notify;
}

interface ModelFile {
  readonly name: string;
  readonly bytes: Buffer;
}

interface Unread {
  readonly tries: number;
  readonly reason: string;
}

/** One that is put in the place of a damaged copy is not there for a moment. */
const mostTries = 3;

/** Of a model that is being written, or was when a process was killed. */
const isUnfinished = (folder: string): boolean => /\.(tmp|old)$/.test(folder);

/** The files of a model, or why there is none; of any id unless one is given. */
async function readModel(path: string, expectedId?: string): Promise<readonly ModelFile[] | string> {
  try {
    const manifest = await readFile(join(path, manifestFile));
    const { id, weights, manifest: parsed } = await loadModel(path);
    if (expectedId !== undefined && id !== expectedId) return `expected ${expectedId}, got ${id}`;
    return [
      { name: manifestFile, bytes: manifest },
      { name: parsed.weights.file, bytes: weights },
    ];
  } catch (error) {
    return messageOf(error);
  }
}

/** Copies the models of a gallery, each once it could be read and is the one it is meant to be. */
export class ModelCopier {
  private readonly copied = new Set<string>();
  private readonly unread = new Map<string, Unread>();

  constructor(private readonly parts: ModelCopierParts) {}

  get count(): number {
    return this.copied.size;
  }

  /** @returns how many of these are neither copied nor known to be lost: then they are to be tried again */
  async copy(models: readonly UsedModel[]): Promise<number> {
    let unsettled = 0;
    for (const { modelId, modelDirectory } of models) {
      if (this.copied.has(modelDirectory)) continue;
      const read = await readModel(join(this.parts.directory, modelDirectory), modelId);
      if (typeof read !== 'string') {
        await this.add(modelDirectory, read);
        continue;
      }
      const tries = (this.unread.get(modelDirectory)?.tries ?? 0) + 1;
      this.unread.set(modelDirectory, { tries, reason: read });
      if (tries < mostTries) unsettled++;
    }
    return unsettled;
  }

  /** Those that lie there and no collection has. */
  async copyOthers(models: readonly UsedModel[]): Promise<void> {
    const { directory, notify } = this.parts;
    const used = new Set(models.map(({ modelDirectory }) => modelDirectory));
    const entries = await readdir(directory, { withFileTypes: true }).catch(error => {
      notify(`models that no collection has are left out: ${messageOf(error)}`, error);
      return [];
    });
    for (const entry of entries) {
      const { name } = entry;
      if (!entry.isDirectory() || isUnfinished(name) || used.has(name)) continue;
      const read = await readModel(join(directory, name));
      if (typeof read === 'string') notify(`models/${name} is left out, as it is no model: ${read}`);
      else await this.add(name, read);
    }
  }

  /** What could not be copied of these. */
  listLost(models: readonly UsedModel[]): MissingEntry[] {
    return models.flatMap(({ modelDirectory }) => {
      const unread = this.unread.get(modelDirectory);
      return unread === undefined ? [] : { name: `models/${modelDirectory}`, reason: unread.reason };
    });
  }

  private async add(folder: string, files: readonly ModelFile[]): Promise<void> {
    for (const { name, bytes } of files) await this.parts.archive.addBytes(modelEntry(folder, name), bytes);
    this.copied.add(folder);
    this.unread.delete(folder);
  }
}
