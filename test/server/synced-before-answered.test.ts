import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MedoidClient } from '../../src/client/medoid-client.js';
import { createFilledGallery, type FilledGallery } from '../fixtures/filled-gallery.js';
import { createPicture } from '../fixtures/images.js';
import { parseSystemCalls, type SystemCall } from '../fixtures/system-calls.js';

const cli = resolve(import.meta.dirname, '../../dist/src/cli.js');
const calls =
  'fsync,fdatasync,rename,renameat,renameat2,write,writev,pwrite64,sendto,sendmsg,unlink,unlinkat';
const canTrace = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']).status === 0;
if (!canTrace) console.warn('strace cannot be used here: left out');

describe.skipIf(!canTrace)('what the system is asked before an answer is sent', () => {
  let filled: FilledGallery;
  beforeEach(async () => {
    filled = await createFilledGallery({ count: 3 });
  });
  afterEach(() => filled.remove());

  /** @returns what the server asked the system for while it did the work, in the order in which it was done */
  const trace = async (work: (client: MedoidClient) => Promise<unknown>): Promise<SystemCall[]> => {
    const path = join(filled.folder, 'trace');
    const serve = [process.execPath, cli, 'serve', '--gallery', filled.directory, '--port', '0', '--json'];
    // With -D the child is the server itself; names of files stand beside their numbers.
    const args = ['-D', '-f', '-y', '-s', '200', '-e', `trace=${calls}`, '-o', path, ...serve];
    const env = { ...process.env, UV_USE_IO_URING: '0' };
    const child = spawn('strace', args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
    const closed = once(child, 'close');
    try {
      const [line] = await once(child.stdout, 'data');
      await work(new MedoidClient({ baseUrl: (JSON.parse(String(line)) as { url: string }).url }));
    } finally {
      child.kill('SIGTERM');
      await closed;
    }
    return parseSystemCalls(await readFile(path, 'utf8'));
  };

  const isSync = ({ name }: SystemCall): boolean => name === 'fsync' || name === 'fdatasync';
  const isAnswer = ({ text }: SystemCall): boolean => text.includes('HTTP/1.1 20');
  const ofLog = ({ text }: SystemCall): boolean => text.includes('catalog.sqlite-wal>');

  /** What came before the answer, which is there. */
  const beforeAnswer = (traced: readonly SystemCall[]): SystemCall[] => {
    const answer = traced.find(isAnswer);
    expect(answer).toBeDefined();
    return traced.filter(({ ended }) => ended < (answer as SystemCall).begun);
  };

  const expectLogSynced = (before: readonly SystemCall[]): void => {
    const written = before.findLast(call => call.name === 'pwrite64' && ofLog(call));
    const synced = before.findLast(call => isSync(call) && ofLog(call));
    expect(written).toBeDefined();
    expect(synced?.begun).toBeGreaterThan(written?.ended ?? Number.POSITIVE_INFINITY);
  };

  /** Written, synced, named, and its name synced; only then the catalog speaks of it. */
  const expectImageSynced = (before: readonly SystemCall[]): void => {
    const renamed = before.find(({ name, text }) => name.startsWith('rename') && text.includes('images/'));
    const [, temporary, folder] =
      /images\/tmp\/([\w-]+)".*images\/([0-9a-f]{2})\/[0-9a-f]{64}"/.exec(renamed?.text ?? '') ?? [];
    const [written, synced] = [
      before.findLast(({ name, text }) => name.includes('write') && text.includes(`tmp/${temporary}>`)),
      before.find(call => isSync(call) && call.text.includes(`tmp/${temporary}>`)),
    ];
    const folderSynced = before.findLast(call => isSync(call) && call.text.includes(`images/${folder}>`));
    const parentSynced = before.find(call => isSync(call) && /\/images>/.test(call.text));
    const catalogWritten = before.findLast(call => call.name === 'pwrite64' && ofLog(call));
    const order = [written?.ended, synced?.begun, synced?.ended, renamed?.begun, renamed?.ended];
    const times = [...order, folderSynced?.begun, folderSynced?.ended, catalogWritten?.begun];
    expect(times).not.toContain(undefined);
    expect(times).toEqual([...times].sort((a, b) => Number(a) - Number(b)));
    expect(parentSynced?.ended).toBeLessThan(Number(catalogWritten?.begun));
  };

  it('the image and the log, each with its name, when a picture is added', async () => {
    const bytes = await createPicture('added');
    const before = beforeAnswer(await trace(client => client.uploadItems('default', [{ key: 'a', bytes }])));
    expectImageSynced(before);
    expectLogSynced(before);
  });

  it('the same when one takes the place of another', async () => {
    const bytes = await createPicture('another');
    const key = 'picture-1.png';
    const before = beforeAnswer(await trace(client => client.uploadItems('default', [{ key, bytes }])));
    expectImageSynced(before);
    expectLogSynced(before);
  });

  it('the log when an item is deleted, before its picture is removed', async () => {
    const before = beforeAnswer(await trace(client => client.deleteItem('default', 2)));
    const removed = before.find(
      ({ name, text }) => name.startsWith('unlink') && /images\/[0-9a-f]{2}\//.test(text),
    );
    expectLogSynced(before.filter(({ ended }) => ended < (removed?.begun ?? Number.POSITIVE_INFINITY)));
    expect(removed).toBeDefined();
  });
});
