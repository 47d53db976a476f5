import { z } from 'zod';
import type { Embedder } from '../embed/embedder.js';
import { MedoidError, understandError } from '../errors.js';
import { hashImage, type ImageInfo, inspectImage } from '../images/decode.js';
import type { ImageLimits } from '../images/limits.js';
import type { PerceptualHash } from '../images/perceptual-hash.js';
import { hashPicture } from './hash-picture.js';
import type { ImageHold, ImageStore } from './image-store.js';
import { maxKeyLength, type NewItem } from './item.js';

const labelSchema = z.string().nullable();
const metadataSchema = z.record(z.string(), z.json());

/** What is said of a new item. */
export const itemTextSchema = z.strictObject({
  key: z.string().min(1).max(maxKeyLength),
  label: labelSchema.default(null),
  metadata: metadataSchema.default({}),
});

/** What may be said anew of an item. */
export const itemPatchSchema = z.strictObject({
  /** Left as it is unless given. */
  label: labelSchema.optional(),
  /** JSON Merge Patch (RFC 7396): `null` takes a member away, what is not named stays. */
  metadata: metadataSchema.optional(),
});

export type ItemPatch = z.input<typeof itemPatchSchema>;

/** A new item whose image may be read as late as it is needed, so that few are in memory at once. */
export type ItemToPrepare = Omit<NewItem, 'image'> & {
  readonly image: Uint8Array | (() => Promise<Uint8Array>);
};

interface DecodedImage {
  readonly info: ImageInfo;
  /** What the embedder takes of the model that it was decoded for. */
  readonly pixels: Uint8Array;
  readonly hash: PerceptualHash;
  readonly modelId: string;
}

/** An item whose image lies in the store and, unless it was there before, is decoded. */
export interface PreparedItem {
  readonly key: string;
  readonly label: string | null;
  readonly metadata: Record<string, unknown>;
  readonly imageSha256: string;
  /** Until the item is written. */
  readonly hold: ImageHold;
  readonly bytes: number;
  readonly decoded: DecodedImage | undefined;
}

export interface FailedItem {
  readonly key: string;
  readonly failure: MedoidError;
}

export interface PreparationTools {
  readonly embedder: Embedder;
  readonly images: ImageStore;
  readonly limits: ImageLimits;
  /** Drops what waits and has not begun once it is aborted. */
  readonly signal?: AbortSignal | undefined;
}

/** @throws MedoidError of the image's own fault; `interrupted` */
export async function decodeImage(
  image: Uint8Array,
  { embedder, limits, signal }: Omit<PreparationTools, 'images'>,
): Promise<DecodedImage> {
  const info = await inspectImage(image, limits);
  const pixels = await embedder.decode(image, { signal });
  const hash = await hashPicture({ bytes: image, pixels }, { embedder, limits });
  return { info, pixels, hash, modelId: embedder.modelId };
}

function parseText({ image: _, ...text }: ItemToPrepare): z.output<typeof itemTextSchema> {
  const parsed = itemTextSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new MedoidError('invalid-request', `${text.key}: ${z.prettifyError(parsed.error)}`);
}

/** @throws MedoidError `invalid-request` */
export function parsePatch(patch: ItemPatch): z.output<typeof itemPatchSchema> {
  const parsed = itemPatchSchema.safeParse(patch);
  if (parsed.success) return parsed.data;
  throw new MedoidError('invalid-request', z.prettifyError(parsed.error));
}

/** Puts an image into the store, where it stays as long as it is held. */
export async function holdImage(
  image: Uint8Array,
  imageSha256: string,
  images: ImageStore,
): Promise<ImageHold> {
  const hold = images.hold(imageSha256);
  try {
    await images.put(image, imageSha256);
    return hold;
  } catch (error) {
    await hold.release();
    throw error;
  }
}

/**
 * Does all that can be done before the item's turn comes: several items may be prepared at once.
 * @param knownSha256 of the image that the item has now; the same image is not decoded again
 * @throws MedoidError `interrupted`; whatever else is wrong with the item is told of it
 */
export async function prepareItem(
  item: ItemToPrepare,
  knownSha256: string | undefined,
  tools: PreparationTools,
): Promise<PreparedItem | FailedItem> {
  try {
    const text = parseText(item);
    const image = typeof item.image === 'function' ? await item.image() : item.image;
    const imageSha256 = hashImage(image);
    const decoded = imageSha256 === knownSha256 ? undefined : await decodeImage(image, tools);
    const hold = await holdImage(image, imageSha256, tools.images);
    return { ...text, imageSha256, hold, bytes: image.length, decoded };
  } catch (error) {
    const failure = understandError(error);
    if (failure.code === 'internal-error' || failure.code === 'interrupted') throw error;
    return { key: item.key, failure };
  }
}
