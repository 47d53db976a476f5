import { deflateSync, gzipSync } from 'node:zlib';
import sharp from 'sharp';
import type { Random } from '../../src/math/random.js';
import { createPicture } from '../fixtures/images.js';
import { repeatScan } from '../fixtures/many-scans.js';
import { createPng, createPngChunk } from '../fixtures/png.js';
import { collectionPath, type RequestMaker } from './known.js';
import { damage, odds, pick } from './odd-values.js';
import { type RawRequest, wholeRequest } from './raw-request.js';

/** A real picture of each format that is read. */
export async function createPictures(): Promise<Record<string, Buffer>> {
  const png = await createPicture('fuzz', { width: 40, height: 30 });
  const from = () => sharp(png);
  return {
    png,
    jpeg: await from().jpeg().toBuffer(),
    progressive: await from().jpeg({ progressive: true }).toBuffer(),
    webp: await from().webp().toBuffer(),
    gif: await from().gif().toBuffer(),
    avif: await from().avif({ effort: 0 }).toBuffer(),
    tiff: await from().tiff().toBuffer(),
  };
}

const repeat = (bytes: Buffer, count: number): Buffer => Buffer.alloc(bytes.length * count, bytes);

/** Each frame is one pixel. */
function createGif(frames: number): Buffer {
  const start = Buffer.concat([
    Buffer.from('GIF89a'),
    Buffer.from([1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255]),
  ]);
  const frame = Buffer.from([0x2c, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x4c, 1, 0]);
  return Buffer.concat([start, repeat(frame, frames), Buffer.from([0x3b])]);
}

async function createBombs({ webp, jpeg, tiff, png }: Readonly<Record<string, Buffer>>): Promise<Buffer[]> {
  const flat = sharp({ create: { width: 4096, height: 4096, channels: 3, background: 'red' } });
  const emptyFrame = Buffer.concat([Buffer.from('ANMF'), Buffer.from([0, 0, 0, 0])]);
  const liar = Buffer.from(tiff);
  liar.writeUInt32LE(8, 4);
  const text = createPngChunk('tEXt', Buffer.from('k\0v'));
  const packed = createPngChunk(
    'zTXt',
    Buffer.concat([Buffer.from('k\0\0'), deflateSync(Buffer.alloc(40_000_000, ' '))]),
  );
  const pixel = Buffer.from([0, 0]);
  return [
    createPng({ width: 30_000, height: 30_000, pixels: Buffer.alloc(1_000_000) }),
    createPng({ width: 1, height: 1, pixels: Buffer.alloc(50_000_000) }),
    createPng({ width: 8192, height: 8192, pixels: Buffer.alloc(1000) }),
    createPng({ width: 0, height: 1, pixels: pixel }),
    createPng({ width: 2 ** 31 - 1, height: 1, pixels: pixel }),
    createPng({ width: 1, height: 1, pixels: pixel, beside: [repeat(text, 200_000)] }),
    createPng({ width: 1, height: 1, pixels: pixel, beside: [repeat(packed, 10)] }),
    createPng({ width: 16_384, height: 1, pixels: Buffer.alloc(16_385) }),
    repeatScan(await flat.jpeg({ progressive: true }).toBuffer(), 800),
    createGif(5000),
    createGif(1),
    Buffer.concat([webp, repeat(emptyFrame, 5000)]),
    Buffer.concat([
      jpeg.subarray(0, 2),
      repeat(Buffer.from([0xff, 0xfe, 0, 3, 65]), 50_000),
      jpeg.subarray(2),
    ]),
    liar,
    Buffer.concat([png, Buffer.from('<script>alert(1)</script>')]),
    Buffer.concat([jpeg, png]),
    Buffer.concat([Buffer.from('GIF89a'), png]),
    Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>'),
    Buffer.from('%PDF-1.4\n1 0 obj <</Type /Catalog>> endobj'),
    gzipSync(Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>')),
    Buffer.from('BM\0\0\0\0\0\0\0\0'),
    Buffer.alloc(0),
    Buffer.alloc(100_000),
    Buffer.from([0xff, 0xd8, 0xff]),
    repeat(Buffer.from([0xff]), 100_000),
  ];
}

const types = [
  'image/png',
  'image/jpeg',
  'image/webp',
  'image/svg+xml',
  'application/octet-stream',
  'image/',
  'text/html',
];

/** A picture whose length says where it ends: cut within its head, its middle or its last bytes. */
const cut = (bytes: Buffer, random: Random): Buffer =>
  bytes.subarray(
    0,
    pick(random, [random.integer(40), random.integer(bytes.length), bytes.length - random.integer(20)]),
  );

/** Real pictures that are damaged, and such as cost more than they look. */
export async function createPictureRequest(
  pictures: Readonly<Record<string, Buffer>>,
): Promise<RequestMaker<RawRequest>> {
  const bombs = await createBombs(pictures);
  return random => {
    const whole = pick(random, Object.values(pictures));
    const body = odds(random, 0.15)
      ? pick(random, bombs)
      : pick(random, [damage, cut, (bytes: Buffer) => bytes])(whole, random);
    const path = pick(random, [
      '/search?k=3',
      '/search?box={"left":0,"top":0,"width":0.01,"height":1}',
      '/items',
    ]);
    return wholeRequest('picture', {
      method: 'POST',
      target: `${collectionPath}${path === '/items' ? `/items?key=picture-${random.integer(60)}&label=fuzz` : path}`,
      headers: [
        `Content-Type: ${odds(random, 0.8) ? types[0] : pick(random, types)}`,
        ...(odds(random, 0.1) ? ['Prefer: respond-async'] : []),
      ],
      body,
      chunked: odds(random, 0.2),
    });
  };
}
