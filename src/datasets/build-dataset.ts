import { join, posix } from 'node:path';
import { MedoidError } from '../errors.js';
import { inCodePointOrder } from '../in-code-point-order.js';
import type { Dataset, Example } from './dataset.js';
import { wrongPlace } from './list-file.js';

/** An image as a layout lists it. */
export interface ListedImage {
  /** Where it is listed, for messages. */
  readonly place: string;
  /** From the folder of the data set; either slash. */
  readonly path: string;
  readonly label: string;
  readonly split?: string;
  readonly bytes?: Uint8Array;
}

/** Joins a path that must not lead out of the folder. */
function resolveInside(directory: string, { path, place }: ListedImage): string {
  const slashed = posix.normalize(path.replaceAll('\\', '/'));
  const leaves = slashed.startsWith('/') || /^[a-z]:/i.test(slashed) || /^\.\.?(\/|$)/.test(slashed);
  if (leaves) throw wrongPlace(place, `a path inside ${directory}`, path);
  return join(directory, slashed);
}

interface Met {
  readonly listed: ListedImage;
  readonly splits: string[];
}

/** One entry an image: listed again, it may only be in one more split. */
function gatherImages(directory: string, images: readonly ListedImage[]): ReadonlyMap<string, Met> {
  const met = new Map<string, Met>();
  for (const image of images) {
    const path = resolveInside(directory, image);
    const { label, split, place } = image;
    const earlier = met.get(path);
    if (earlier === undefined) {
      met.set(path, { listed: image, splits: split === undefined ? [] : [split] });
      continue;
    }
    const first = earlier.listed;
    if (first.label !== label) {
      throw wrongPlace(place, `the class ${JSON.stringify(first.label)} as in ${first.place}`, label);
    }
    if (split === undefined || earlier.splits.includes(split)) {
      throw wrongPlace(place, `an image that is not listed yet (${first.place})`, image.path);
    }
    earlier.splits.push(split);
  }
  return met;
}

/**
 * Puts listed images in the order of their classes.
 * @param classes names of classes in their order; code-point order of the labels unless given
 * @throws MedoidError `invalid-dataset` for a path that leaves the folder or an image listed twice, naming the place
 */
export function buildDataset(
  directory: string,
  images: readonly ListedImage[],
  classes: readonly string[] = [...new Set(images.map(({ label }) => label))].sort(inCodePointOrder),
): Dataset {
  if (images.length === 0) {
    throw new MedoidError('invalid-dataset', `${directory}: expected at least one image, found none`);
  }
  const ofClass = new Map<string, Example[]>(classes.map(label => [label, []]));
  for (const [path, { listed, splits }] of gatherImages(directory, images)) {
    const { label, bytes } = listed;
    ofClass.get(label)?.push({ path, label, splits, ...(bytes === undefined ? {} : { bytes }) });
  }
  const filled = [...ofClass].filter(([, examples]) => examples.length > 0);
  return { examples: filled.flatMap(([, examples]) => examples), classes: filled.map(([label]) => label) };
}
