import { basename, relative, sep } from 'node:path';
import type { Example } from '../datasets/dataset.js';
import { readExample } from '../datasets/read-example.js';
import { createThumbnail } from '../images/decode.js';
import type { ReportedEmbeddings } from '../report/run-report.js';

/** An image's path from the folder of its data set, with slashes; its name alone where it is not in there. */
export function nameWithin(data: string, image: string): string {
  const below = relative(data, image);
  return below.startsWith('..') ? basename(image) : below.replaceAll(sep, '/');
}

interface EmbeddedImages extends Pick<ReportedEmbeddings, 'block' | 'labels' | 'classNames'> {
  readonly examples: readonly Example[];
}

/** Embedded images as a report shows them: named from the folder of their data set, with small pictures. */
export const reportedEmbeddings = (
  { block, labels, classNames, examples }: EmbeddedImages,
  data: string,
): ReportedEmbeddings => ({
  ...{ block, labels, classNames },
  names: examples.map(({ path }) => nameWithin(data, path)),
  thumbnail: async (image, side) =>
    createThumbnail(await readExample(examples[image]), { side, format: 'webp' }),
});
