import { z } from 'zod';
import type { Embedder } from '../embed/embedder.js';
import { MedoidError } from '../errors.js';
import { hashImage, type ImageInfo, inspectImage } from '../images/decode.js';
import type { ImageLimits } from '../images/limits.js';
import type { ImageStore } from './image-store.js';
import type { NewItem } from './item.js';

const maxKeyLength = 1024;

const textSchema = z.strictObject({
  key: z.string().min(1).max(maxKeyLength),
  label: z.string().nullable().default(null),
  metadata: z.record(z.string(), z.json()).default({}),
});

/** A new item whose image may be read as late as it is needed, so that few are in memory at once. */
export type ItemToPrepare = Omit<NewItem, 'image'> & {
  readonly image: Uint8Array | (() => Promise<Uint8Array>);
};

interface DecodedImage {
  readonly info: ImageInfo;
  /** What the embedder takes of the model that it was decoded for. */
  readonly pixels: Uint8Array;
  readonly modelId: string;
}

/** An item whose image lies in the store and, unless it was there before, is decoded. */
export interface PreparedItem {
  readonly key: string;
  readonly label: string | null;
  readonly metadata: Record<string, unknown>;
  readonly imageSha256: string;
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
}

/** @throws MedoidError of the image's own fault */
export async function decodeImage(
  image: Uint8Array,
  { embedder, limits }: Omit<PreparationTools, 'images'>,
): Promise<DecodedImage> {
  const info = await inspectImage(image, limits);
  return { info, pixels: await embedder.decode(image), modelId: embedder.modelId };
}

function parseText({ image: _, ...text }: ItemToPrepare): z.output<typeof textSchema> {
  const parsed = textSchema.safeParse(text);
  if (parsed.success) return parsed.data;
  throw new MedoidError('invalid-request', `${text.key}: ${z.prettifyError(parsed.error)}`);
}

/**
 * Does all that can be done before the item's turn comes: several items may be prepared at once.
 * @param knownSha256 of the image that the item has now; the same image is not decoded again
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
    await tools.images.put(image, imageSha256);
    return { ...text, imageSha256, bytes: image.length, decoded };
  } catch (error) {
    if (error instanceof MedoidError) return { key: item.key, failure: error };
    throw error;
  }
}
