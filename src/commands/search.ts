import { z } from 'zod';
import { Gallery } from '../gallery/gallery.js';
import type { SearchAnswer } from '../gallery/search-question.js';
import { readImageFile } from '../images/read-image-file.js';
import { type CommandResult, defineCommand, numeric } from './command.js';
import { formatTable } from './format-table.js';

const describe = ({ results }: SearchAnswer): string =>
  formatTable([
    ['distance', 'id', 'label', 'key'],
    ...results.map(({ distance, item }) => [
      distance.toFixed(4),
      String(item.id),
      item.label ?? '',
      item.key,
    ]),
  ]);

export const search = defineCommand({
  name: 'search',
  summary: 'Find the images of a gallery that are most like a given one.',
  arguments: z.strictObject({ image: z.string().min(1).describe('an image file') }),
  options: z.strictObject({
    gallery: z.string().min(1).describe('folder of the gallery'),
    collection: z.string().default('default').describe('which collection of the gallery'),
    k: numeric(z.number().int().min(1).max(10_000)).default(10).describe('how many'),
    exact: z.boolean().default(false).describe('compare with every vector instead of asking the graph'),
  }),
  async run(input): Promise<CommandResult> {
    const image = await readImageFile(input.image);
    const gallery = await Gallery.open(input.gallery, { access: 'read' });
    try {
      const collection = await gallery.collection(input.collection);
      const answer = await collection.searchByImage(image, { k: input.k, exact: input.exact });
      const results = answer.results.map(({ distance, item: { id, key, label } }) => ({
        id,
        key,
        label,
        distance,
      }));
      return { json: { ...answer, results }, text: describe(answer) };
    } finally {
      await gallery.close();
    }
  },
});
