import { once } from 'node:events';
import { type Header, pack } from 'tar-stream';

const blockBytes = 512;
const blocksAtEnd = 2;

export interface TarEntry {
  readonly name: string;
  readonly bytes: number;
}

/** The same for every entry, so that the bytes of a backup are those of its entries and nothing else. */
export const tarHeaders = ({ name, bytes }: TarEntry): Partial<Header> & Pick<Header, 'name'> => ({
  name,
  size: bytes,
  type: 'file',
  mode: 0o600,
  mtime: new Date(0),
});

/** What follows an entry up to a whole block. */
const padding = (bytes: number): Buffer => Buffer.alloc((blockBytes - (bytes % blockBytes)) % blockBytes);

/** What a tar file has before an entry. */
async function headerBytes(entry: TarEntry): Promise<Buffer> {
  const packed = pack();
  const chunks: Buffer[] = [];
  packed.on('data', chunk => chunks.push(chunk as Buffer));
  const sink = packed.entry(tarHeaders(entry));
  // Ended before its bytes have come, which is all that either has to complain about.
  for (const stream of [packed, sink]) stream.on('error', () => undefined);
  await once(sink, 'open');
  await Promise.resolve();
  packed.destroy();
  return Buffer.concat(chunks);
}

/**
 * What lies between the bytes of one entry and those of the next one, or the end of the file. A tar file has room there
 * for what nobody asked for, and much of it is under no checksum: in a backup it is compared, not understood.
 */
export async function frameBetween(
  before: TarEntry | undefined,
  next: TarEntry | undefined,
): Promise<Buffer> {
  const end = Buffer.alloc(blocksAtEnd * blockBytes);
  return Buffer.concat([padding(before?.bytes ?? 0), next === undefined ? end : await headerBytes(next)]);
}
