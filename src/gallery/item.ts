import type { ItemWhere } from '../catalog/item-where.js';
import type { CollectionRow, ItemRow } from '../catalog/rows.js';
import { type ErrorCode, MedoidError } from '../errors.js';
import { type ImageFormat, readableFormats } from '../images/decode.js';

/** Characters. */
export const maxKeyLength = 1024;
/** As JSON. */
export const mostMetadataBytes = 64 * 1024;

/** One image of a collection and what is known of it. */
export interface Item {
  readonly id: number;
  /** The caller's own name for it, unique in its collection. */
  readonly key: string;
  readonly label: string | null;
  readonly metadata: Record<string, unknown>;
  readonly imageSha256: string;
  readonly format: ImageFormat;
  /** Pixels, as seen. */
  readonly width: number;
  readonly height: number;
  /** Size of the image as it was given. */
  readonly bytes: number;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly updatedAt: string;
}

export interface ItemListing {
  /** 0 unless given: from the first one. */
  readonly afterId?: number;
  readonly limit: number;
  readonly where?: ItemWhere | undefined;
}

/** What came of removing items. */
export interface Removal<Name extends number | string> {
  readonly removed: number;
  /** Ids or keys that there are no items of. */
  readonly unknown: readonly Name[];
}

/** Some of a collection's items, by ascending id. */
export interface ItemPage {
  readonly items: Item[];
  /** Id after which the next page begins; null when this is the last one. */
  readonly next: number | null;
}

export interface NewItem {
  readonly key: string;
  readonly image: Uint8Array;
  /** None unless given. */
  readonly label?: string | null;
  /** JSON; empty unless given. */
  readonly metadata?: Record<string, unknown>;
}

export type AddOutcome =
  | {
      readonly key: string;
      readonly status: 'added' | 'unchanged' | 'replaced' | 'updated';
      readonly item: Item;
      /** Where items join clusters. */
      readonly clusterId?: number;
    }
  | {
      readonly key: string;
      readonly status: 'failed';
      readonly code: ErrorCode;
      readonly message: string;
    };

export interface CollectionSummary {
  readonly name: string;
  readonly modelId: string;
  /** The model before, which can be activated again without embedding everything anew. */
  readonly previousModelId: string | null;
  readonly dimension: number;
  readonly items: number;
  readonly createdAt: string;
}

/** @throws MedoidError `invalid-gallery` for an image format that is not known here */
export function toItem({ vectorId: _, format: stored, ...row }: ItemRow): Item {
  const format = readableFormats.find(known => known === stored);
  if (format === undefined) {
    throw new MedoidError('invalid-gallery', `item ${row.id}: ${stored} is no image format known here`);
  }
  return { ...row, format };
}

export const toSummary = ({
  name,
  modelId,
  previousModelId,
  dimension,
  items,
  createdAt,
}: CollectionRow): CollectionSummary => ({ name, modelId, previousModelId, dimension, items, createdAt });
