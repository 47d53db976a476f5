import { MedoidError } from '../../errors.js';
import { stackVectors } from '../../math/vectors.js';
import type { EmbeddingSpace } from '../embedding-space.js';
import type { ClusteredPicture, Clustering } from './clustering.js';
import type { ClusteringOptions } from './clustering-input.js';
import { describeClusters } from './describe-clusters.js';
import { findClusters } from './find-clusters.js';

/** A picture that is not stored. */
export interface LoosePicture {
  readonly bytes: Uint8Array;
  /** As its sender calls it. */
  readonly name: string | undefined;
}

const nothing = (): void => undefined;

/** Says which of several pictures an error is of. */
function ofPicture(error: unknown, { name }: LoosePicture, position: number): unknown {
  if (!(error instanceof MedoidError)) return error;
  const { code, message, cause } = error;
  const field = `image.${position}`;
  const shown = name === undefined ? field : `${field} (${JSON.stringify(name)})`;
  return new MedoidError(code, `${shown}: ${message}`, { field, cause });
}

/** Embeds pictures; where one of them fails, what has not begun of the others is dropped. @returns a vector each */
async function embedPictures(
  pictures: readonly LoosePicture[],
  { embedder }: EmbeddingSpace,
  signal: AbortSignal,
): Promise<Float32Array[]> {
  const failing = new AbortController();
  const either = AbortSignal.any([signal, failing.signal]);
  const decode = async (picture: LoosePicture, position: number): Promise<Uint8Array> => {
    try {
      return await embedder.decode(picture.bytes, { signal: either });
    } catch (error) {
      throw either.aborted ? error : ofPicture(error, picture, position);
    }
  };
  try {
    return await embedder.embedPixels(await Promise.all(pictures.map(decode)), { signal });
  } catch (error) {
    failing.abort(error);
    throw error;
  }
}

/**
 * Groups pictures that came along and are not stored.
 * @param pictures two at least
 * @throws MedoidError what is wrong with which picture, `overloaded`, `interrupted`
 */
export async function clusterPictures(
  space: EmbeddingSpace,
  pictures: readonly LoosePicture[],
  { signal, ...options }: ClusteringOptions & { readonly signal: AbortSignal },
): Promise<Clustering<ClusteredPicture>> {
  const block = stackVectors(await embedPictures(pictures, space, signal), space.dimension);
  const found = await findClusters(block, options, {
    signal,
    onProgress: nothing,
    findNeighbours: undefined,
  });
  const described = {
    block,
    labelOf: () => null,
    idOf: (row: number) => row,
    memberOf: (row: number, distance: number): ClusteredPicture => ({ image: row, distance }),
  };
  const clusters = await describeClusters(found, described, signal);
  return { ...clusters, method: options.method, modelId: space.modelId };
}
