import { deflateSync } from 'node:zlib';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { countJpegParts } from '../../src/images/count-jpeg-parts.js';
import { decodeResized, inspectImage } from '../../src/images/decode.js';
import { stripPng } from '../../src/images/strip-png.js';
import { createPicture } from '../fixtures/images.js';
import { repeatScan } from '../fixtures/many-scans.js';
import { createPng, createPngChunk } from '../fixtures/png.js';

const square = { resize: 8, fit: 'squash' as const };
const most = { segments: 1000, scans: 100 };
const megabyte = 1024 * 1024;

const flatProgressive = (side: number): Promise<Buffer> =>
  sharp({ create: { width: side, height: side, channels: 3, background: 'red' } })
    .jpeg({ progressive: true })
    .toBuffer();

describe('a JPEG', () => {
  it('has its parts counted as they are', async () => {
    const plain = await createPicture(1, { format: 'jpeg' });
    // APP0 or tables first: SOI 1, DQT 2, SOF 1, DHT 4, SOS 1.
    expect(countJpegParts(plain, most).scans).toBe(1);
    const progressive = await flatProgressive(64);
    expect(countJpegParts(progressive, most).scans).toBe(10);
    const comment = Buffer.from([0xff, 0xfe, 0, 4, 0xff, 0xda]);
    const commented = Buffer.concat([plain.subarray(0, 2), comment, comment, plain.subarray(2)]);
    const { segments } = countJpegParts(plain, most);
    expect(countJpegParts(commented, most)).toEqual({ segments: segments + 2, scans: 1 });
    // What comes after the end is not looked at.
    expect(countJpegParts(Buffer.concat([plain, plain]), most)).toEqual({ segments, scans: 1 });
  });

  it('is read with as many scans as encoders make, and refused with many more', async () => {
    const flat = await flatProgressive(64);
    const some = repeatScan(flat, 90);
    expect(await decodeResized(some, square)).toHaveLength(3 * 8 * 8);
    const began = performance.now();
    const many = repeatScan(await flatProgressive(4096), 800);
    await expect(decodeResized(many, square)).rejects.toMatchObject({
      code: 'image-too-large',
      message: 'expected at most 100 JPEG scans, got more',
    });
    expect(performance.now() - began).toBeLessThan(3000);
  });

  it('is refused with more comments than bytes of picture', async () => {
    const jpeg = await createPicture(1, { format: 'jpeg' });
    const comments = Buffer.alloc(5 * 2_000_000, Buffer.from([0xff, 0xfe, 0, 3, 65]));
    const before = process.memoryUsage().rss;
    await expect(
      inspectImage(Buffer.concat([jpeg.subarray(0, 2), comments, jpeg.subarray(2)])),
    ).rejects.toMatchObject({ code: 'image-too-large' });
    expect(process.memoryUsage().rss - before).toBeLessThan(100 * megabyte);
  });

  it.each([1, 2, 3, 4, 5])('is counted to its end when it is cut, or nothing but marks (%d)', length => {
    for (const filler of [0xff, 0x00, 0xda, 0xd0]) {
      const { scans } = countJpegParts(Buffer.from([0xff, 0xd8, ...Array(length).fill(filler)]), most);
      expect(scans).toBe(0);
    }
    expect(countJpegParts(Buffer.from([0xff, 0xd8, 0xff, 0xda]).subarray(0, length), most).scans).toBe(
      length === 4 || length === 5 ? 1 : 0,
    );
  });
});

describe('a PNG', () => {
  const packed = (type: string, head: string): Buffer =>
    createPngChunk(
      type,
      Buffer.concat([Buffer.from(head, 'latin1'), deflateSync(Buffer.alloc(40_000_000, ' '))]),
    );

  it('is read without unpacking the texts in it', async () => {
    const beside = [...Array(40).fill(packed('zTXt', 'k\0\0')), packed('iTXt', 'k\0\x01\0\0\0')];
    const png = createPng({ width: 8, height: 8, pixels: Buffer.alloc(72), beside });
    const before = process.resourceUsage().maxRSS;
    expect(await decodeResized(png, square)).toHaveLength(3 * 8 * 8);
    // Kilobytes; unpacked it were three gigabytes.
    expect(process.resourceUsage().maxRSS - before).toBeLessThan(200 * 1024);
  });

  it('looks the same with and without what is left out', async () => {
    const png = await createPicture(1);
    expect(stripPng(png)).toBe(png);
    const text = createPngChunk('tEXt', Buffer.from('k\0v'));
    const head = png.subarray(0, 33);
    const withTexts = Buffer.concat([head, text, text, png.subarray(33, -12), text, png.subarray(-12)]);
    expect(Buffer.compare(stripPng(withTexts), png)).toBe(0);
  });

  it('keeps its orientation, colour profile and transparency', async () => {
    const source = sharp({ create: { width: 16, height: 8, channels: 3, background: 'red' } });
    const turned = await source.withMetadata({ orientation: 6 }).withIccProfile('p3').png().toBuffer();
    const { orientation, icc } = await sharp(stripPng(turned)).metadata();
    expect([orientation, icc?.length]).toEqual([6, (await sharp(turned).metadata()).icc?.length]);
    const clear = createPngChunk('tRNS', Buffer.from([0, 0]));
    const png = createPng({ width: 8, height: 8, pixels: Buffer.alloc(72), beside: [clear] });
    expect([...(await decodeResized(png, square)).subarray(0, 3)]).toEqual([255, 255, 255]);
  });

  it('is refused as damaged when it is cut within what would be left out', async () => {
    const png = await createPicture(1);
    const text = createPngChunk('tEXt', Buffer.from('k\0v'));
    const cut = Buffer.concat([png.subarray(0, 33), text.subarray(0, 10)]);
    await expect(decodeResized(cut, square)).rejects.toMatchObject({ code: 'unreadable-image' });
  });
});
