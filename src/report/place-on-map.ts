import { projectEmbeddings } from '../math/project-embeddings.js';
import { createRandom } from '../math/random.js';
import { rowOf, stackVectors } from '../math/vectors.js';
import type { ReportedEmbeddings, ReportOptions } from './run-report.js';

/** In the units of the map. */
export const mapSize = {
  width: 1000,
  greatestHeight: 800,
  leastHeight: 200,
  margin: 26,
  thumbnail: 34,
} as const;

const thumbnailsAtMost = 300;
const defaultMapPoints = 2000;

export interface PlacedImage {
  readonly image: number;
  readonly x: number;
  readonly y: number;
}

export interface PlacedImages {
  /** Of the map. */
  readonly height: number;
  readonly points: readonly PlacedImage[];
  /** Those of the points that have a picture; no two overlap. */
  readonly pictured: readonly PlacedImage[];
}

const rangeOf = (values: readonly number[]): { middle: number; length: number } => {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  return { middle: (least + most) / 2, length: most - least };
};

/**
 * The same scale for both directions, as the projection has; the longer one lies across, since directions mean nothing.
 * @param plane [images, 2]
 */
function fitToMap(images: readonly number[], plane: Float32Array): Omit<PlacedImages, 'pictured'> {
  const { width, greatestHeight, leastHeight, margin } = mapSize;
  const [first, second] = [0, 1].map(axis => images.map((_, i) => plane[2 * i + axis]));
  const isTall = rangeOf(second).length > rangeOf(first).length;
  const [xs, ys] = isTall ? [second, first] : [first, second];
  const [across, down] = [rangeOf(xs), rangeOf(ys)];
  const scale = Math.min((width - 2 * margin) / across.length, (greatestHeight - 2 * margin) / down.length);
  // All points in one place have no scale.
  const factor = Number.isFinite(scale) ? scale : 0;
  const height = Math.max(leastHeight, Math.ceil(down.length * factor + 2 * margin));
  const place = (value: number, middle: number, size: number): number =>
    Math.round(10 * (size / 2 + (value - middle) * factor)) / 10;
  const points = images.map((image, i) => ({
    image,
    x: place(xs[i], across.middle, width),
    y: place(ys[i], down.middle, height),
  }));
  return { points, height };
}

function choosePictured(points: readonly PlacedImage[], seed: number): PlacedImage[] {
  const pictured: PlacedImage[] = [];
  for (const point of createRandom(`${seed}/pictures`).shuffle([...points])) {
    if (pictured.length === thumbnailsAtMost) break;
    const isFree = pictured.every(
      ({ x, y }) => Math.max(Math.abs(x - point.x), Math.abs(y - point.y)) > mapSize.thumbnail,
    );
    if (isFree) pictured.push(point);
  }
  return pictured;
}

/** Where images stand on the map: all of them, or a seeded sample of `mapPoints`. */
export async function placeOnMap(
  { block }: ReportedEmbeddings,
  { seed, signal, mapPoints = defaultMapPoints }: ReportOptions,
): Promise<PlacedImages> {
  const everyImage = Array.from({ length: block.count }, (_, image) => image);
  const images =
    block.count <= mapPoints
      ? everyImage
      : createRandom(`${seed}/map`)
          .shuffle(everyImage)
          .slice(0, mapPoints)
          .sort((a, b) => a - b);
  const vectors = images.map(image => rowOf(block, image));
  const plane = await projectEmbeddings(stackVectors(vectors, block.dimension), { seed, signal });
  const fitted = fitToMap(images, plane.data);
  return { ...fitted, pictured: choosePictured(fitted.points, seed) };
}
