import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MedoidError } from '../../src/errors.js';
import { loadTensors, saveTensors } from '../../src/train/safetensors.js';

const tensors = fc.uniqueArray(
  fc.tuple(fc.string({ minLength: 1 }), fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 3 })),
  { selector: ([name]) => name, maxLength: 6 },
);

describe('checkpoint files', () => {
  let folder: string;
  let path: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-tensors-'));
    path = join(folder, 'file.safetensors');
  });
  afterAll(() => rm(folder, { recursive: true }));

  const fill = (shapes: readonly (readonly [string, readonly number[]])[]) =>
    shapes
      .filter(([name]) => name !== '__metadata__' && name !== '__proto__')
      .map(([name, shape], k) => {
        const size = shape.reduce((product, side) => product * side, 1);
        return { name, shape, data: Float32Array.from({ length: size }, (_, i) => k + i / 7) };
      });

  it('read back as they were written', async () => {
    await fc.assert(
      fc.asyncProperty(tensors, fc.string(), async (shapes, note) => {
        const file = { tensors: fill(shapes), metadata: { note } };
        await saveTensors(path, file);
        const back = await loadTensors(path);
        expect(back.metadata).toEqual(file.metadata);
        const byName = (a: { name: string }, b: { name: string }) => (a.name < b.name ? -1 : 1);
        expect([...back.tensors].sort(byName)).toEqual([...file.tensors].sort(byName));
      }),
      { numRuns: 40, seed: 1 },
    );
  });

  it('are refused with a clear error when they are cut short', async () => {
    await saveTensors(path, { tensors: fill([['weight', [3, 5]]]), metadata: {} });
    const bytes = await readFile(path);
    for (let length = 0; length < bytes.length; length += 3) {
      await writeFile(path, bytes.subarray(0, length));
      await expect(loadTensors(path)).rejects.toMatchObject({ code: 'invalid-checkpoint' });
    }
  });

  it('end in nothing but such an error when bytes are changed', async () => {
    await saveTensors(path, { tensors: fill([['weight', [3, 5]]]), metadata: { note: 'kept' } });
    const bytes = await readFile(path);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const changed = Buffer.from(bytes);
        changed[at] ^= change;
        await writeFile(path, changed);
        const result = await loadTensors(path).catch((error: unknown) => error);
        if (result instanceof Error) expect(result).toBeInstanceOf(MedoidError);
      }),
      { numRuns: 150, seed: 2 },
    );
  });

  it('name the file that is missing', async () => {
    await expect(loadTensors(join(folder, 'nowhere'))).rejects.toThrow(/nowhere/);
  });
});
