import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { drawView } from '../../scripts/demo-catalog/draw-view.js';
import { kinds } from '../../scripts/demo-catalog/kinds/index.js';
import { openPaintBox } from '../../scripts/demo-catalog/paint.js';
import { describeProduct } from '../../scripts/demo-catalog/product.js';
import { describeView } from '../../scripts/demo-catalog/view.js';
import { writeCatalog } from '../../scripts/demo-catalog/write-catalog.js';

const range = (count: number): number[] => [...Array(count).keys()];
const side = 48;

/** A product alone, as SVG. */
function drawAlone(product: number): string {
  const description = describeProduct('a', product);
  const { paint, definitions } = openPaintBox(description, { id: 'p', light: 0.3 });
  const drawn = kinds[product % kinds.length].draw(description.parts, paint);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100" width="${side}" height="${side}"><defs>${definitions}</defs>${drawn}</svg>`;
}

/** The part of its box that a product covers. */
async function measureCover(product: number): Promise<number> {
  const alpha = await sharp(Buffer.from(drawAlone(product)))
    .ensureAlpha()
    .extractChannel('alpha')
    .raw()
    .toBuffer();
  return alpha.filter(value => value > 127).length / alpha.length;
}

describe('the demo catalog', () => {
  it('draws the same bytes for the same seed, product and view, whatever was drawn before', async () => {
    const first = await drawView({ seed: 'a', product: 17, view: 3, side });
    await Promise.all(range(6).map(view => drawView({ seed: 'a', product: 5, view, side })));
    expect(await drawView({ seed: 'a', product: 17, view: 3, side })).toEqual(first);
  });

  it('draws another catalog for another seed', async () => {
    const [one, other] = await Promise.all(
      ['a', 'b'].map(seed => drawView({ seed, product: 17, view: 0, side })),
    );
    expect(one.equals(other)).toBe(false);
    expect(describeProduct('a', 17)).not.toEqual(describeProduct('b', 17));
  });

  it('draws no two views of a product alike', async () => {
    const views = await Promise.all(range(8).map(view => drawView({ seed: 'a', product: 4, view, side })));
    expect(new Set(views.map(view => view.toString('base64'))).size).toBe(8);
  });

  it('draws every kind as a square JPEG', async () => {
    for (const product of range(kinds.length)) {
      const image = await drawView({ seed: 'a', product, view: 0, side });
      const { format, width, height, channels } = await sharp(image).metadata();
      expect({ format, width, height, channels }).toEqual({
        format: 'jpeg',
        width: side,
        height: side,
        channels: 3,
      });
    }
  });

  it('draws every product with finite numbers and known paints only', () => {
    for (const product of range(kinds.length * 40)) {
      const svg = drawAlone(product);
      expect(svg, describeProduct('a', product).name).not.toMatch(/NaN|Infinity|undefined|null|\[object/);
      const ids = new Set([...svg.matchAll(/ id="(\w+)"/g)].map(match => match[1]));
      for (const [, id] of svg.matchAll(/url\(#(\w+)\)/g)) expect(ids).toContain(id);
    }
  });

  it('covers a fair part of its box with every product', async () => {
    for (const product of range(kinds.length * 3)) {
      const cover = await measureCover(product);
      expect(cover, describeProduct('a', product).name).toBeGreaterThan(0.08);
      expect(cover, describeProduct('a', product).name).toBeLessThan(0.8);
    }
  });

  it('gives products of one kind different parts, and shares colours among them', () => {
    const mugs = range(40).map(i => describeProduct('a', i * kinds.length));
    expect(new Set(mugs.map(mug => mug.kind))).toEqual(new Set(['mug']));
    expect(new Set(mugs.map(mug => JSON.stringify(mug.parts))).size).toBe(40);
    expect(new Set(mugs.map(mug => mug.colours.main)).size).toBeLessThan(20);
  });

  it('names every product after its kind and number, as a folder may be called', () => {
    const names = range(kinds.length * 3).map(product => describeProduct('a', product).name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z]+-\d{4}$/);
    expect(names[17]).toBe('sneaker-0017');
  });

  it('takes view 0 as the shop does, and every other within what is promised', () => {
    for (const product of range(50)) {
      expect(describeView('a', product, 0)).toMatchObject({ isShopPhoto: true, blur: 0, hasOccluder: false });
      for (const view of [1, 2, 3, 4]) {
        const { isShopPhoto, pose, quality } = describeView('a', product, view);
        expect(isShopPhoto).toBe(false);
        expect(Math.abs(pose.rotation)).toBeLessThanOrEqual(20);
        expect(quality).toBeGreaterThanOrEqual(60);
        expect(quality).toBeLessThanOrEqual(95);
      }
    }
  });
});

describe('writing a demo catalog', () => {
  const parameters = { seed: 7, products: 4, views: 3, side: 32 };
  let directory: string;

  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'medoid-demo-catalog-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  const readImages = async (): Promise<Map<string, string>> => {
    const names = await readdir(directory, { recursive: true });
    const images = names.filter(name => name.endsWith('.jpg')).sort();
    return new Map(
      await Promise.all(
        images.map(async name => [name, await readFile(join(directory, name), 'base64')] as const),
      ),
    );
  };

  it('writes a folder a product and a file a view, and says what it is', async () => {
    const steps: number[] = [];
    const result = await writeCatalog(directory, {
      ...parameters,
      onProgress: (done, total) => steps.push(done / total),
    });
    expect(result).toEqual({ written: 12, unchanged: 0 });
    expect(steps).toEqual(range(12).map(i => (i + 1) / 12));
    const names = ['chair-0002', 'handbag-0003', 'mug-0000', 'sneaker-0001'];
    expect((await readdir(directory)).sort()).toEqual(['catalog.json', ...names].sort());
    expect([...(await readImages()).keys()]).toEqual(
      names.flatMap(name => range(3).map(view => join(name, `${view}.jpg`))),
    );
    expect(JSON.parse(await readFile(join(directory, 'catalog.json'), 'utf8'))).toEqual(parameters);
    const image = await readFile(join(directory, 'mug-0000', '2.jpg'));
    expect(image).toEqual(await drawView({ seed: 7, product: 0, view: 2, side: 32 }));
  });

  it('goes on after an interruption: writes what is missing, the same bytes, and nothing else', async () => {
    await writeCatalog(directory, parameters);
    const before = await readImages();
    await rm(join(directory, 'mug-0000'), { recursive: true });
    await rm(join(directory, 'chair-0002', '1.jpg'));
    await writeFile(join(directory, 'chair-0002', '1.jpg.tmp'), 'half an image');
    await writeFile(join(directory, 'sneaker-0001', '0.jpg'), 'not to be touched');
    expect(await writeCatalog(directory, parameters)).toEqual({ written: 4, unchanged: 8 });
    const kept = Buffer.from('not to be touched').toString('base64');
    expect(await readImages()).toEqual(new Map(before).set(join('sneaker-0001', '0.jpg'), kept));
    expect(await readdir(join(directory, 'chair-0002'))).not.toContain('1.jpg.tmp');
  });

  it.each([{ seed: 8 }, { seed: '7' }, { products: 5 }, { views: 2 }, { side: 33 }])(
    'refuses a directory that was made otherwise than with %o',
    async other => {
      await writeCatalog(directory, parameters);
      const before = await readImages();
      const written = writeCatalog(directory, { ...parameters, ...other });
      await expect(written).rejects.toMatchObject({ code: 'out-exists' });
      const [name, value] = Object.entries(other)[0];
      await expect(written).rejects.toThrow(`expected {`);
      await expect(written).rejects.toThrow(`"${name}":${JSON.stringify(value)}`);
      await expect(written).rejects.toThrow(`got ${JSON.stringify(parameters)}`);
      expect(await readImages()).toEqual(before);
    },
  );

  it('refuses a directory that holds something else', async () => {
    await mkdir(join(directory, 'holiday'));
    await expect(writeCatalog(directory, parameters)).rejects.toMatchObject({ code: 'out-exists' });
    expect(await readdir(directory)).toEqual(['holiday']);
  });

  it('refuses sizes that make no catalog', async () => {
    await expect(writeCatalog(directory, { ...parameters, views: 0 })).rejects.toMatchObject({
      code: 'invalid-option',
    });
    expect(await readdir(directory)).toEqual([]);
  });
});
