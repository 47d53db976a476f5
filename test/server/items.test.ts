import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Express } from 'express';
import sharp from 'sharp';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FilledApp, openFilledApp } from '../fixtures/filled-app.js';

const collection = '/v1/collections/default';

describe('GET items', () => {
  let filled: FilledApp;
  let app: Express;

  beforeAll(async () => {
    filled = await openFilledApp();
    ({ app } = filled);
  });
  afterAll(() => filled.remove());

  it('pages through all items by id', async () => {
    const ids: number[] = [];
    const nexts: (number | null)[] = [];
    for (let after: number | null = 0; after !== null; after = nexts[nexts.length - 1]) {
      const { body } = await request(app).get(`${collection}/items?limit=5&after=${after}`).expect(200);
      ids.push(...body.items.map((item: { id: number }) => item.id));
      nexts.push(body.next);
    }
    expect(ids).toEqual(Array.from({ length: 12 }, (_, i) => i + 1));
    expect(nexts).toEqual([5, 10, null]);
    const all = await request(app).get(`${collection}/items`).expect(200);
    expect([all.body.items.length, all.body.next]).toEqual([12, null]);
    const past = await request(app).get(`${collection}/items?after=${Number.MAX_SAFE_INTEGER}`).expect(200);
    expect(past.body).toEqual({ items: [], next: null });
  });

  it('shows one item with all that is known of it', async () => {
    const { body } = await request(app).get(`${collection}/items/3`).expect(200);
    expect(body).toMatchObject({
      id: 3,
      key: 'picture-2.png',
      label: 'label-2',
      metadata: { number: 2 },
      format: 'png',
      width: 48,
      height: 36,
      bytes: filled.pictures[2].length,
    });
    expect(body).not.toHaveProperty('vectorId');
  });

  it('answers a copy of an image, guarded, and 304 to whoever has it', async () => {
    const path = `${collection}/items/3/image`;
    const response = await request(app).get(path).set('Accept', 'image/png').expect(200);
    const pixelsOf = (image: Buffer) => sharp(image).flatten().raw().toBuffer();
    expect((await pixelsOf(response.body)).equals(await pixelsOf(filled.pictures[2]))).toBe(true);
    expect(response.headers).toMatchObject({
      'content-type': 'image/png',
      'content-disposition': 'inline; filename="item-3.png"',
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
      'cache-control': 'private, no-cache',
      vary: 'Accept',
    });
    const { etag } = response.headers;
    expect(etag).toMatch(/^"[0-9a-f]{64}-png"$/);
    const again = await request(app)
      .get(path)
      .set({ Accept: 'image/png', 'If-None-Match': etag })
      .expect(304);
    expect(again.headers.etag).toBe(etag);
    await request(app).get(path).set({ Accept: 'image/png', 'If-None-Match': '"other"' }).expect(200);
    const jpeg = await request(app).get(path).set('If-None-Match', etag).expect(200);
    expect(jpeg.headers['content-type']).toBe('image/jpeg');
  });

  it('never answers the bytes that were uploaded', async () => {
    const script = '<script>alert(1)</script>';
    const polyglot = Buffer.concat([filled.pictures[0], Buffer.from(script)]);
    await request(app)
      .post(`${collection}/items?key=polyglot`)
      .set('Content-Type', 'image/png')
      .send(polyglot)
      .expect(200);
    const { body } = await request(app).get(`${collection}/items?key=polyglot`).expect(200);
    for (const kind of ['image', 'thumbnail']) {
      for (const accept of ['image/png', 'image/webp', 'text/html', '*/*']) {
        const path = `${collection}/items/${body.items[0].id}/${kind}`;
        const answer = await request(app).get(path).set('Accept', accept).responseType('blob').expect(200);
        expect(answer.body.includes(script)).toBe(false);
        expect(answer.headers['content-type']).toMatch(/^image\/(png|webp|jpeg)$/);
      }
    }
    await request(app).delete(`${collection}/items/${body.items[0].id}`).expect(204);
  });

  it('answers 304 without reading the picture again', async () => {
    const moved = await openFilledApp({ count: 1 });
    const paths = ['image', 'thumbnail'].map(name => `${collection}/items/1/${name}`);
    const tags: string[] = [];
    for (const path of paths) tags.push((await request(moved.app).get(path).expect(200)).headers.etag);
    await rm(join(moved.directory, 'images'), { recursive: true });
    for (const [i, path] of paths.entries()) {
      await request(moved.app).get(path).set('If-None-Match', tags[i]).expect(304);
      await request(moved.app).get(path).expect(500);
    }
    await moved.remove();
  });

  const kinds: [string, string, string][] = [
    ['image/avif,image/webp,image/*,*/*;q=0.8', 'image/webp', 'webp'],
    ['image/webp', 'image/webp', 'webp'],
    ['image/webp;q=0,*/*', 'image/jpeg', 'jpeg'],
    ['*/*', 'image/jpeg', 'jpeg'],
    ['image/*', 'image/jpeg', 'jpeg'],
    ['text/html', 'image/jpeg', 'jpeg'],
  ];
  it.each(kinds)('answers a thumbnail to Accept %s as %s', async (accept, type, format) => {
    const path = `${collection}/items/1/thumbnail?side=32`;
    const response = await request(app).get(path).set('Accept', accept).responseType('blob').expect(200);
    expect(response.headers['content-type']).toBe(type);
    expect(response.headers.vary).toBe('Accept');
    expect(await sharp(response.body).metadata()).toMatchObject({ format, width: 32, height: 24 });
    const { etag } = response.headers;
    await request(app).get(path).set('Accept', accept).set('If-None-Match', etag).expect(304);
    const other = await request(app)
      .get(`${collection}/items/1/thumbnail?side=33`)
      .set('Accept', accept)
      .set('If-None-Match', etag);
    expect(other.status).toBe(200);
  });
});
