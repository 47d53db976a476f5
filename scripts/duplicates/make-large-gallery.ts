import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { Catalog } from '../../src/catalog/catalog.js';
import { Gallery } from '../../src/gallery/gallery.js';
import { imageFile } from '../../src/gallery/image-file.js';
import { hashImage } from '../../src/images/decode.js';
import { type PerceptualHash, perceptualHash } from '../../src/images/perceptual-hash.js';
import { createRandom } from '../../src/math/random.js';
import { normalise } from '../../src/math/vectors.js';
import { inBatches } from '../../src/work-ahead.js';
import { createVector } from '../load/make-gallery.js';
import { type CopyKind, copyKinds } from './copy-kinds.js';
import type { Origins } from './plant-copies.js';

/** Items whose vectors are near each other. */
const itemsOfACluster = 100;
/** One of so many items is a copy of the one before it. */
const itemsOfACopy = 10;
const kinds = ['JPEG, quality 60', 'half the size', 'grey'] as const satisfies readonly CopyKind[];
/** Of what is added to the vector of an original, where the model sees that it is a copy. */
const copySpread = 0.02;
const [width, height] = [128, 96];
/** Patches of colour, which are drawn smoothly into each other. */
const [columns, rows] = [16, 12];
const batchSize = 200;

export interface LargeGalleryPlan {
  readonly directory: string;
  readonly model: string;
  readonly items: number;
  readonly seed: number;
}

interface MadePicture {
  readonly image: Buffer;
  readonly imageSha256: string;
  readonly hash: PerceptualHash;
  readonly width: number;
  readonly height: number;
}

const kindOf = (i: number): CopyKind | null =>
  i % itemsOfACopy === itemsOfACopy - 1 ? kinds[Math.floor(i / itemsOfACopy) % kinds.length] : null;

const originOf = (i: number): number => (kindOf(i) === null ? i : i - 1);

function drawPatches(seed: number, i: number): Promise<Buffer> {
  const random = createRandom(`${seed}/large/${i}`);
  const pixels = Uint8Array.from({ length: columns * rows * 3 }, () => random.integer(256));
  return sharp(pixels, { raw: { width: columns, height: rows, channels: 3 } })
    .resize(width, height, { kernel: 'cubic', fit: 'fill' })
    .jpeg({ quality: 90 })
    .toBuffer();
}

async function makePicture(seed: number, i: number): Promise<MadePicture> {
  const [original, kind] = [await drawPatches(seed, originOf(i)), kindOf(i)];
  const image = kind === null ? original : await copyKinds[kind](original);
  const size = await sharp(image).metadata();
  return {
    image,
    imageSha256: hashImage(image),
    hash: await perceptualHash(image),
    width: size.width,
    height: size.height,
  };
}

/** A grey copy is somewhere else to the model. */
function makeVector(
  i: number,
  { seed, items, dimension }: LargeGalleryPlan & { dimension: number },
): Float32Array {
  const clusters = Math.max(1, Math.floor(items / itemsOfACluster));
  const kind = kindOf(i);
  if (kind === 'grey')
    return createVector(dimension, { seed, cluster: (i * 7) % clusters, name: `item/${i}` });
  const origin = originOf(i);
  const vector = createVector(dimension, { seed, cluster: origin % clusters, name: `item/${origin}` });
  if (kind === null) return vector;
  const random = createRandom(`${seed}/large/copy/${i}`);
  return normalise(vector.map(value => value + (copySpread * random.normal()) / Math.sqrt(dimension)));
}

/**
 * Makes a gallery of so many pictures, each another one or a copy of another one, past the model and without a sync: it is
 * thrown away.
 */
export async function makeLargeGallery(plan: LargeGalleryPlan): Promise<Origins> {
  const { directory, items, seed } = plan;
  const gallery = await Gallery.open(directory, { access: 'write', create: true });
  const { dimension } = (await gallery.createCollection('default', plan.model)).summary();
  await gallery.close();
  const catalog = Catalog.open(join(directory, 'catalog.sqlite'), { access: 'write' });
  const origins = new Map<number, { origin: string; kind: string | null }>();
  try {
    const collectionId = catalog.findCollectionId('default') as number;
    const numbers = Array.from({ length: items }, (_, i) => i);
    for (const batch of inBatches(numbers, batchSize)) {
      const made = await Promise.all(batch.map(i => makePicture(seed, i)));
      await Promise.all(
        made.map(async ({ image, imageSha256 }) => {
          const path = join(directory, imageFile(imageSha256));
          await mkdir(dirname(path), { recursive: true });
          await writeFile(path, image);
        }),
      );
      catalog.transaction(() => {
        for (const [at, i] of batch.entries()) {
          const { image, ...picture } = made[at];
          const row = catalog.addItem(collectionId, `item-${i}`, {
            ...{ ...picture, label: null, metadata: {}, format: 'jpeg', bytes: image.length },
            embedding: makeVector(i, { ...plan, dimension }),
          });
          origins.set(row.id, { origin: `item-${originOf(i)}`, kind: kindOf(i) });
        }
      });
    }
  } finally {
    catalog.close();
  }
  return origins;
}
