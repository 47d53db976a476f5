import { join } from 'node:path';
import { createProgress } from '../src/commands/progress.js';
import { replaceFile } from '../src/durable-file.js';
import { describeProduct } from './demo-catalog/product.js';
import { writeCatalog } from './demo-catalog/write-catalog.js';

const seed = 1;
const products = 400;
const views = 8;
/** Products numbered from here on are never trained with. Kinds take turns, so every kind is on both sides. */
const firstUnseen = 320;

/** Where everything of the demo lies, from the folder it is started in. */
export const demoFolder = 'demo';

export interface DemoData {
  /** A folder a product. */
  readonly catalog: string;
  /** Files with one product a line. */
  readonly trainingClasses: string;
  readonly unseenClasses: string;
}

/** Draws the catalog, or what is missing of it. */
export async function prepareDemoData(): Promise<DemoData> {
  const catalog = join(demoFolder, 'catalog');
  const progress = createProgress('draw', products * views, 'photos');
  await writeCatalog(catalog, { seed, products, views, onProgress: done => progress.update(done) }).finally(
    progress.close,
  );
  const names = Array.from({ length: products }, (_, number) => describeProduct(seed, number).name);
  const data = {
    catalog,
    trainingClasses: join(demoFolder, 'training-classes.txt'),
    unseenClasses: join(demoFolder, 'unseen-classes.txt'),
  };
  await replaceFile(data.trainingClasses, `${names.slice(0, firstUnseen).join('\n')}\n`);
  await replaceFile(data.unseenClasses, `${names.slice(firstUnseen).join('\n')}\n`);
  return data;
}
