import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';

const run = promisify(execFile);
const root = resolve(import.meta.dirname, '../..');

describe('ONNX Runtime', () => {
  it('leaves no trace of itself in the home of whoever runs it', async () => {
    const home = await mkdtemp(join(tmpdir(), 'medoid-home-'));
    const script = `
      const { OnnxEmbedder } = await import(${JSON.stringify(join(root, 'dist/src/embed/embedder.js'))});
      await (await OnnxEmbedder.open(${JSON.stringify(join(root, 'models/demo'))})).close();`;
    await run(process.execPath, ['--input-type=module', '-e', script], {
      env: { PATH: process.env.PATH, HOME: home, XDG_CACHE_HOME: join(home, '.cache') },
    });
    expect(await readdir(home, { recursive: true })).toEqual([]);
    await rm(home, { recursive: true });
  });
});
