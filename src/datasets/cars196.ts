import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { MedoidError, messageOf } from '../errors.js';
import { buildDataset, type ListedImage } from './build-dataset.js';
import type { DatasetReader } from './dataset.js';
import { wrongPlace } from './list-file.js';
import { type MatValue, parseMatFile } from './mat-file.js';

const trainingClasses = 98;

const annotationsSchema = z.array(z.record(z.string(), z.unknown())).min(1);
const namesSchema = z.array(z.string().min(1)).min(1);
const annotationSchema = z.object({
  relative_im_path: z.string().min(1),
  class: z.tuple([z.number().int()], { error: 'expected one number' }),
});

async function readVariables(path: string): Promise<ReadonlyMap<string, MatValue>> {
  const bytes = await readFile(path).catch(error => {
    throw new MedoidError('file-not-found', `expected the file ${path}: ${messageOf(error)}`, {
      cause: error,
    });
  });
  return parseMatFile(bytes, path);
}

function parseVariable<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  place: string,
): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [{ path, message }] = parsed.error.issues;
  const where = path.map(key => (typeof key === 'number' ? `entry ${key + 1}` : String(key)));
  throw new MedoidError('invalid-dataset', `${[place, ...where].join(', ')}: ${message}`);
}

function requireDistinct(names: readonly string[], place: string): void {
  const position = names.findIndex((name, i) => names.indexOf(name) !== i);
  if (position < 0) return;
  const first = names.indexOf(names[position]) + 1;
  throw wrongPlace(
    `${place}, entry ${position + 1}`,
    `a name unlike that of entry ${first}`,
    names[position],
  );
}

/**
 * Stanford Cars (Krause, Stark, Deng, Fei-Fei 2013). The split of metric learning, by class: the first 98 train, the
 * others test; the field `test`, which divides every class, is not it. Classes are numbered from 1.
 */
export const cars196: DatasetReader = {
  name: 'cars196',
  published: { train: { classes: 98, images: 8_054 }, test: { classes: 98, images: 8_131 } },
  async read(directory) {
    const path = join(directory, 'cars_annos.mat');
    const variables = await readVariables(path);
    const variable = <Schema extends z.ZodType>(name: string, schema: Schema) =>
      parseVariable(schema, variables.get(name), `${path}, ${name}`);
    const names = variable('class_names', namesSchema);
    requireDistinct(names, `${path}, class_names`);
    const images = variable('annotations', annotationsSchema).map((annotation, i): ListedImage => {
      const place = `${path}, annotations, entry ${i + 1}`;
      const { relative_im_path: image, class: ids } = parseVariable(annotationSchema, annotation, place);
      const [id] = ids;
      const label = names[id - 1];
      if (label === undefined) throw wrongPlace(place, `a class from 1 to ${names.length}`, String(id));
      return { place, path: image, label, split: id <= trainingClasses ? 'train' : 'test' };
    });
    return buildDataset(directory, images, names);
  },
};
