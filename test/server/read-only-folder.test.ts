import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, chown, readdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MedoidClient } from '../../src/client/medoid-client.js';
import { createFilledGallery, type FilledGallery } from '../fixtures/filled-gallery.js';
import { createPicture } from '../fixtures/images.js';

const cli = resolve(import.meta.dirname, '../../dist/src/cli.js');
const isRoot = process.getuid?.() === 0;
/** To whom folders can be closed: nothing is to root. */
const nobody = isRoot ? { uid: 65_534, gid: 65_534 } : {};
const canRun = spawnSync(process.execPath, [cli, '--version'], nobody).status === 0;
if (!canRun) console.warn('the program cannot be run as another user here: left out');

describe.skipIf(!canRun)('a folder that nothing may be written to any more', () => {
  let filled: FilledGallery;
  const children: ReturnType<typeof spawn>[] = [];
  beforeEach(async () => {
    filled = await createFilledGallery({ count: 5 });
    if (isRoot) await eachEntry(path => chown(path, 65_534, 65_534));
    await chmod(filled.folder, 0o755);
  });
  afterEach(async () => {
    for (const child of children.splice(0)) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
    }
    await eachEntry(path => chmod(path, 0o755));
    await filled.remove();
  });

  const eachEntry = async (work: (path: string) => Promise<void>): Promise<void> => {
    await work(filled.directory);
    for (const name of await readdir(filled.directory, { recursive: true }))
      await work(join(filled.directory, name));
  };

  const serve = async () => {
    const args = [cli, 'serve', '--gallery', filled.directory, '--port', '0', '--json'];
    const child = spawn(process.execPath, args, { ...nobody, stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(child);
    let stderr = '';
    child.stderr.on('data', text => {
      stderr += text;
    });
    const [line] = await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'close').then(() => [stderr]),
    ]);
    const { url } = JSON.parse(String(line)) as { url: string };
    return { child, client: new MedoidClient({ baseUrl: url }), stderr: () => stderr };
  };

  it('takes nothing that it could not keep, goes on searching, and loses nothing', async () => {
    const { child, client, stderr } = await serve();
    const pictures = await Promise.all(['a', 'b', 'c'].map(seed => createPicture(seed)));
    await client.uploadItems('default', [{ key: 'before', bytes: pictures[0] }]);
    await eachEntry(path => chmod(path, 0o555));
    const refused = client.uploadItems('default', [{ key: 'meanwhile', bytes: pictures[1] }]);
    await expect(refused).rejects.toMatchObject({ status: 500, code: 'storage-failed' });
    await expect(refused).rejects.not.toThrow(filled.directory);
    // It may come after the answer.
    await expect.poll(stderr, { timeout: 30_000 }).toContain('EACCES');
    for (const exact of [true, false]) {
      const { results } = await client.searchByImage('default', pictures[0], { exact, k: 1 });
      expect(results).toMatchObject([{ item: { key: 'before' } }]);
    }
    child.kill('SIGTERM');
    const [exitCode] = await once(child, 'close');
    expect(exitCode, stderr()).toBe(0);
    await eachEntry(path => chmod(path, 0o755));
    const again = await serve();
    const { items } = await again.client.listItems('default');
    expect(items.map(({ key }) => key)).toEqual(
      [0, 1, 2, 3, 4].map(i => `picture-${i}.png`).concat('before'),
    );
    await again.client.uploadItems('default', [{ key: 'after', bytes: pictures[2] }]);
  });

  it('is not opened for writing, and it is said why', async () => {
    await eachEntry(path => chmod(path, 0o555));
    const { status, stderr } = spawnSync(process.execPath, [cli, 'serve', '--gallery', filled.directory], {
      ...nobody,
      encoding: 'utf8',
    });
    expect([status, stderr]).toEqual([1, expect.stringMatching(/write\.lock cannot be locked: EACCES/)]);
  });
});
