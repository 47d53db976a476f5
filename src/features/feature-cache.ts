import { randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { replaceFile } from '../durable-file.js';
import { sha256 } from '../embed/manifest.js';
import { MedoidError, messageOf } from '../errors.js';
import type { FeatureExtractor, View } from './feature-extractor.js';
import { decodeFeatureSegment, encodeFeatureSegment, type FeatureSegment } from './feature-segment.js';

const segmentSuffix = '.features';
const temporarySuffix = '.tmp';
/** A temporary file this old is of a process that died. */
const abandonedMs = 24 * 3600 * 1000;
/** An extraction that is stopped at any moment loses fewer than this. */
const featuresPerSegment = 1000;

export interface FeatureCacheOptions {
  /** Told of every file that is left aside, and why. */
  readonly onNotice: (message: string) => void;
}

export const featureKey = (imageSha256: string, view: View): string => `${imageSha256}/${view}`;

/**
 * Features on disk, in `<folder>/<extractor id>/`, by the hash of the image and the view. What was written is never
 * changed: each file appears whole under the hash of its content, so any number of processes may read and write at once,
 * and a crash loses at most what was not yet flushed. A damaged file counts as not there.
 */
export class FeatureCache {
  private pending = new Map<string, Float32Array>();

  private constructor(
    private readonly folder: string,
    private readonly dimension: number,
    private readonly onNotice: (message: string) => void,
  ) {}

  /** @throws MedoidError `file-unusable` where the folder cannot be made or listed */
  static async open(
    folder: string,
    { id, dimension }: Pick<FeatureExtractor, 'id' | 'dimension'>,
    { onNotice }: FeatureCacheOptions,
  ): Promise<FeatureCache> {
    const own = join(folder, id);
    try {
      await mkdir(own, { recursive: true });
      await removeAbandoned(own);
    } catch (error) {
      throw unusable(own, error);
    }
    return new FeatureCache(own, dimension, onNotice);
  }

  /**
   * @param wanted keys of `featureKey`
   * @returns the features [dimension] of those that are there, on disk or added and not yet flushed
   * @throws MedoidError `file-unusable` where the folder cannot be listed
   */
  async read(wanted: ReadonlySet<string>): Promise<Map<string, Float32Array>> {
    const found = new Map<string, Float32Array>();
    for (const key of wanted) {
      const row = this.pending.get(key);
      if (row !== undefined) found.set(key, row);
    }
    const names = await readdir(this.folder).catch(error => {
      throw unusable(this.folder, error);
    });
    for (const name of names.filter(file => file.endsWith(segmentSuffix)).sort()) {
      if (found.size === wanted.size) break;
      const segment = await this.readSegment(join(this.folder, name));
      for (const [i, key] of (segment?.keys ?? []).entries()) {
        if (wanted.has(key) && !found.has(key)) found.set(key, (segment as FeatureSegment).row(i));
      }
    }
    return found;
  }

  /**
   * Keeps features [dimension]; on disk once there are a thousand, or `flush` is called.
   * @throws MedoidError as `flush`
   */
  async add(key: string, features: Float32Array): Promise<void> {
    this.pending.set(key, features);
    if (this.pending.size >= featuresPerSegment) await this.flush();
  }

  /** @throws MedoidError `file-unusable` where they cannot be written, as on a full disk; they are kept and tried again */
  async flush(): Promise<void> {
    if (this.pending.size === 0) return;
    const flushed = this.pending;
    this.pending = new Map();
    const bytes = encodeFeatureSegment(flushed, this.dimension);
    const path = join(this.folder, `${sha256(bytes)}${segmentSuffix}`);
    const temporary = `${path}.${randomUUID()}${temporarySuffix}`;
    try {
      await replaceFile(path, bytes, temporary);
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined); // the folder may be gone: the first error says so
      this.pending = new Map([...flushed, ...this.pending]);
      throw unusable(path, error);
    }
  }

  private async readSegment(path: string): Promise<FeatureSegment | undefined> {
    try {
      return decodeFeatureSegment(await readFile(path), this.dimension);
    } catch (error) {
      this.onNotice(`${path} is left aside, its features are computed again: ${messageOf(error)}`);
      return undefined;
    }
  }
}

const unusable = (path: string, error: unknown): MedoidError =>
  new MedoidError('file-unusable', `the feature cache cannot use ${path}: ${messageOf(error)}`, {
    cause: error,
  });

async function removeAbandoned(folder: string): Promise<void> {
  const names = await readdir(folder);
  for (const name of names.filter(file => file.endsWith(temporarySuffix))) {
    const path = join(folder, name);
    // Another process may be done with its own meanwhile.
    const found = await stat(path).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > abandonedMs) await rm(path, { force: true });
  }
}
