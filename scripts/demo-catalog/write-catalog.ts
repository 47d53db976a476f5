import { access, mkdir, readdir, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import pLimit from 'p-limit';
import { z } from 'zod';
import { replaceFile } from '../../src/durable-file.js';
import { MedoidError } from '../../src/errors.js';
import { drawView } from './draw-view.js';
import { describeProduct, type Seed } from './product.js';

const parametersSchema = z.strictObject({
  seed: z.union([z.number(), z.string()]),
  products: z.int().positive(),
  views: z.int().positive(),
  side: z.int().min(16),
});

interface CatalogParameters {
  readonly seed: Seed;
  readonly products: number;
  /** Photographs of each product. */
  readonly views: number;
  /** Pixels. */
  readonly side?: number;
}

export interface CatalogOptions extends CatalogParameters {
  readonly onProgress?: (done: number, total: number) => void;
}

export interface WrittenCatalog {
  readonly written: number;
  /** Were there already. */
  readonly unchanged: number;
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

function parseParameters({
  seed,
  products,
  views,
  side = 160,
}: CatalogParameters): Required<CatalogParameters> {
  const parsed = parametersSchema.safeParse({ seed, products, views, side });
  if (!parsed.success) throw new MedoidError('invalid-option', z.prettifyError(parsed.error));
  return parsed.data;
}

/** Makes the directory this catalog's, or finds that it is. */
async function claimDirectory(directory: string, parameters: Required<CatalogParameters>): Promise<void> {
  const path = join(directory, 'catalog.json');
  const expected = `${JSON.stringify(parameters)}\n`;
  await mkdir(directory, { recursive: true });
  if (await exists(path)) {
    const came = await readFile(path, 'utf8');
    if (came === expected) return;
    throw new MedoidError('out-exists', `${path}: expected ${expected.trim()}, got ${came.trim()}`);
  }
  const others = (await readdir(directory)).filter(name => name !== 'catalog.json.tmp');
  if (others.length > 0) {
    throw new MedoidError(
      'out-exists',
      `${directory}: expected an empty folder or a catalog, got ${others[0]}`,
    );
  }
  await replaceFile(path, expected);
}

/**
 * Writes `<directory>/<product name>/<view>.jpg` for every view of every product, and `catalog.json`. What an
 * interrupted run wrote is kept: a file that exists is complete.
 * @throws MedoidError `invalid-option`, or `out-exists` where the directory holds anything else
 */
export async function writeCatalog(directory: string, options: CatalogOptions): Promise<WrittenCatalog> {
  const parameters = parseParameters(options);
  const { seed, products, views, side } = parameters;
  await claimDirectory(directory, parameters);
  const total = products * views;
  let [written, done] = [0, 0];
  const writeView = async (i: number): Promise<void> => {
    const [product, view] = [Math.floor(i / views), i % views];
    const folder = join(directory, describeProduct(seed, product).name);
    const path = join(folder, `${view}.jpg`);
    if (!(await exists(path))) {
      const image = await drawView({ seed, product, view, side });
      await mkdir(folder, { recursive: true });
      await replaceFile(path, image);
      written++;
    }
    options.onProgress?.(++done, total);
  };
  // One more than there are cores: while one waits for the disk, the others draw.
  const limit = pLimit(availableParallelism() + 1);
  try {
    await limit.map(Array(total).keys(), writeView);
  } finally {
    limit.clearQueue();
  }
  return { written, unchanged: total - written };
}
