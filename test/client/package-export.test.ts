import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const run = promisify(execFile);

describe('medoid/client', () => {
  /** Of somebody who has installed the package. */
  let project: string;

  beforeAll(async () => {
    project = await mkdtemp(join(tmpdir(), 'medoid-export-'));
    await mkdir(join(project, 'node_modules'));
    await symlink(root, join(project, 'node_modules/medoid'));
    await writeFile(join(project, 'package.json'), '{"type":"module"}');
  });
  afterAll(() => rm(project, { recursive: true }));

  it('is imported from outside, and asks a server', async () => {
    const server = createServer((_, response) =>
      response.setHeader('Content-Type', 'application/json').end('{"status":"ok"}'),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const script = `import { MedoidClient, ProblemError } from 'medoid/client';
      const client = new MedoidClient({ baseUrl: process.argv[2] });
      console.log((await client.getHealth()).status, typeof ProblemError);`;
    await writeFile(join(project, 'ask.js'), script);
    const { port } = server.address() as AddressInfo;
    const { stdout } = await run(process.execPath, ['ask.js', `http://127.0.0.1:${port}`], { cwd: project });
    server.close();
    expect(stdout).toBe('ok function\n');
  });

  it('brings its types', async () => {
    const script = `import { MedoidClient, type SearchAnswer } from 'medoid/client';
      const client = new MedoidClient({ baseUrl: 'http://127.0.0.1' });
      export const ask = (): Promise<SearchAnswer> => client.search('default', { query: { itemId: 1 }, k: 5 });
      // @ts-expect-error An id is a number.
      export const wrong = () => client.search('default', { query: { itemId: '1' } });`;
    await writeFile(join(project, 'ask.ts'), script);
    const compiler = join(root, 'node_modules/typescript/bin/tsc');
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2023'];
    const types = ['--typeRoots', join(root, 'node_modules/@types'), '--types', 'node'];
    const { stdout } = await run(process.execPath, [compiler, ...options, ...types, 'ask.ts'], {
      cwd: project,
    });
    expect(stdout).toBe('');
  });

  it('is all that is open to others', async () => {
    await writeFile(join(project, 'inside.js'), "await import('medoid/dist/src/gallery/gallery.js');");
    const asked = run(process.execPath, ['inside.js'], { cwd: project });
    await expect(asked).rejects.toThrow('ERR_PACKAGE_PATH_NOT_EXPORTED');
  });
});
