import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Catalog } from '../../src/catalog/catalog.js';
import { ProcessLock } from '../../src/catalog/process-lock.js';
import { MedoidError } from '../../src/errors.js';
import { Gallery } from '../../src/gallery/gallery.js';
import { createImageStore } from '../../src/gallery/image-store.js';
import { hashImage } from '../../src/images/decode.js';
import { createRandom } from '../../src/math/random.js';
import { normalise } from '../../src/math/vectors.js';
import { drawView } from '../demo-catalog/draw-view.js';

/** Of the one collection that there is. */
export const collectionName = 'load';
/** Items that a narrow filter holds for; a wide one holds for half of all. */
export const itemsOfALot = 100;
/** Items in a row whose prices differ by less than 1. */
export const itemsOfAPriceUnit = 100;
/** Items near each other. */
const itemsOfACluster = 100;
/** Length of what is added to a centre of length 1: two of a cluster have a cosine of about 1 / (1 + 0.5²) = 0.8. */
const spread = 0.5;
const mostPictures = 256;
const itemsOfAPicture = 10;
/** Pixels. */
const side = 160;
const itemsOfATransaction = 5000;

export interface GalleryPlan {
  readonly directory: string;
  readonly model: string;
  readonly items: number;
  readonly seed: number;
  readonly signal: AbortSignal;
}

export interface MadeGallery {
  /** Nothing for a gallery that was there already. */
  readonly seconds: number | undefined;
  /** Without the snapshot of the index. */
  readonly bytes: number;
  readonly dimension: number;
}

interface StoredPicture {
  readonly imageSha256: string;
  readonly bytes: number;
}

/** The n-th vector near the centre of a cluster: [dimension], unit length. */
export function createVector(
  dimension: number,
  { seed, cluster, name }: { readonly seed: number; readonly cluster: number; readonly name: string },
): Float32Array {
  const centre = createRandom(`${seed}/load/centre/${cluster}`);
  const around = createRandom(`${seed}/load/${name}`);
  const scale = 1 / Math.sqrt(dimension);
  return normalise(
    Float32Array.from({ length: dimension }, () => scale * (centre.normal() + spread * around.normal())),
  );
}

export const clustersOf = (items: number): number => Math.max(1, Math.floor(items / itemsOfACluster));

/** Lots that are whole. */
export const lotsOf = (items: number): number => Math.max(1, Math.floor(items / itemsOfALot));

/** Different ones; each is of another product. */
export const picturesOf = (items: number): number =>
  Math.min(mostPictures, Math.ceil(items / itemsOfAPicture));

/** A picture to ask with: none of the gallery's, but of a product that is in it. */
export const drawQueryPicture = (seed: number, product: number): Promise<Buffer> =>
  drawView({ seed, product, view: 1, side });

async function storePictures({ directory, items, seed, signal }: GalleryPlan): Promise<StoredPicture[]> {
  const store = createImageStore(join(directory, 'images'), { isNeeded: () => true });
  const stored: StoredPicture[] = [];
  for (let product = 0; product < picturesOf(items); product++) {
    signal.throwIfAborted();
    const bytes = await drawView({ seed, product, view: 0, side });
    const imageSha256 = hashImage(bytes);
    await store.put(bytes, imageSha256);
    stored.push({ imageSha256, bytes: bytes.length });
  }
  return stored;
}

function writeItems(
  catalog: Catalog,
  stored: readonly StoredPicture[],
  { items, seed, signal, dimension }: GalleryPlan & { readonly dimension: number },
): void {
  const collectionId = catalog.findCollectionId(collectionName) as number;
  const [clusters, lots] = [clustersOf(items), lotsOf(items)];
  const writeItem = (i: number): void => {
    const cluster = i % clusters;
    catalog.addItem(collectionId, `item-${i}`, {
      ...stored[i % stored.length],
      ...{ format: 'jpeg', width: side, height: side, label: `cluster-${cluster}` },
      metadata: {
        lot: i % lots,
        inStock: createRandom(`${seed}/load/stock/${i}`).next() < 0.5,
        price: i / itemsOfAPriceUnit,
      },
      embedding: createVector(dimension, { seed, cluster, name: `item/${i}` }),
    });
  };
  for (let start = 0; start < items; start += itemsOfATransaction) {
    signal.throwIfAborted();
    catalog.transaction(() => {
      for (let i = start; i < Math.min(items, start + itemsOfATransaction); i++) writeItem(i);
    });
  }
}

/** Through the catalog, past the model: it would take hours to embed as many pictures, and they are not the point. */
async function fill(plan: GalleryPlan, dimension: number): Promise<void> {
  const stored = await storePictures(plan);
  const lock = ProcessLock.acquire(join(plan.directory, 'write.lock'));
  try {
    const catalog = Catalog.open(join(plan.directory, 'catalog.sqlite'), { access: 'write' });
    try {
      writeItems(catalog, stored, { ...plan, dimension });
    } finally {
      catalog.close();
    }
  } finally {
    lock.close();
  }
}

/**
 * Makes a gallery with one collection of items that have real rows and pictures, a few hundred pictures shared by all
 * of them, and vectors in clusters; or takes the one that is there.
 * @throws MedoidError `out-exists` when another number of items is there
 */
export async function makeGallery(plan: GalleryPlan): Promise<MadeGallery> {
  const started = performance.now();
  const gallery = await Gallery.open(plan.directory, { access: 'write', create: true });
  const collection = await gallery.createCollection(collectionName, plan.model);
  const { items, dimension } = collection.summary();
  await gallery.close();
  if (items !== 0 && items !== plan.items) {
    throw new MedoidError(
      'out-exists',
      `${plan.directory}: expected ${plan.items} items or none, got ${items}: give --items ${items} or another folder`,
    );
  }
  if (items === 0) await fill(plan, dimension);
  const seconds = items === 0 ? (performance.now() - started) / 1000 : undefined;
  return {
    seconds,
    bytes: (await sizeOf(plan.directory)) - (await sizeOf(indexFolder(plan.directory))),
    dimension,
  };
}

export const indexFolder = (directory: string): string => join(directory, 'index');

/** Bytes of all files in a folder; 0 when there is none. */
export async function sizeOf(directory: string): Promise<number> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter(entry => entry.isFile());
  const sizes = await Promise.all(
    files.map(async entry => (await stat(join(entry.parentPath, entry.name))).size),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
