import { once } from 'node:events';
import { extract, type Header } from 'tar-stream';
import { describe, expect, it } from 'vitest';
import { frameBetween } from '../../../src/gallery/backup/tar-frame.js';

async function readHeader(frame: Buffer): Promise<Header> {
  const entries = extract();
  entries.write(frame);
  const [header] = (await once(entries, 'entry')) as [Header];
  entries.on('error', () => undefined).destroy();
  return header;
}

describe('what lies between the entries of a tar file', () => {
  it.each([
    ['a short name', 'backup.json', 5],
    ['more bytes than a header has octal digits for', 'catalog.sqlite', 9 * 2 ** 30],
    ['a name longer than a header has room for', `models/${'x'.repeat(200)}/model.onnx`, 1],
  ])('is understood with %s', async (_, name, bytes) => {
    const header = await readHeader(await frameBetween(undefined, { name, bytes }));
    expect(header).toMatchObject({ name, size: bytes, type: 'file' });
  });

  it('fills up blocks of 512 bytes, and ends with two that are empty', async () => {
    const lengthAfter = async (bytes: number) => (await frameBetween({ name: 'a', bytes }, undefined)).length;
    expect(await Promise.all([0, 1, 511, 512, 513].map(lengthAfter))).toEqual([1024, 1535, 1025, 1024, 1535]);
    expect((await frameBetween({ name: 'a', bytes: 3 }, { name: 'b', bytes: 3 })).length).toBe(509 + 512);
  });
});
