import sharp from 'sharp';
import request, { type Response, type Test } from 'supertest';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectProblem, type FilledApp, openFilledApp } from '../fixtures/filled-app.js';

const path = '/v1/collections/default/search';

describe('POST search', () => {
  let filled: FilledApp;

  beforeAll(async () => {
    filled = await openFilledApp();
  });
  afterAll(() => filled.remove());

  const post = (query = ''): Test => request(filled.app).post(`${path}${query}`);
  const keysOf = ({ body }: Response): string[] =>
    body.results.map((result: { item: { key: string } }) => result.item.key);

  it('finds the picture itself first, however it comes', async () => {
    const picture = filled.pictures[4];
    const answers = [
      await post().attach('image', picture, 'a.png').expect(200),
      await post().set('Content-Type', 'image/png').send(picture).expect(200),
      await post().set('Content-Type', 'IMAGE/JPEG').send(picture).expect(200),
      await post().set('Content-Type', 'application/octet-stream').send(picture).expect(200),
    ];
    for (const answer of answers) {
      const { body } = answer;
      expect(Object.keys(body)).toEqual(['results', 'next', 'modelId', 'timingsMs']);
      expect(body.results).toHaveLength(10);
      expect(body.results[0].distance).toBeLessThan(1e-3);
      expect(body.results[0].item).toMatchObject({ id: 5, key: 'picture-4.png', metadata: { number: 4 } });
      expect(body.modelId).toMatch(/^tiny@/);
      expect(Object.keys(body.timingsMs)).toEqual(['fetch', 'decode', 'embed', 'search']);
      expect(keysOf(answer)).toEqual(keysOf(answers[0]));
    }
  });

  it('answers as many as are asked for, exactly if wanted', async () => {
    const send = (query: string) => post(query).set('Content-Type', 'image/png').send(filled.pictures[0]);
    expect((await send('?k=1').expect(200)).body.results).toHaveLength(1);
    expect((await send('?k=1000').expect(200)).body.results).toHaveLength(12);
    const [graph, exact] = [await send('?exact=false&k=5'), await send('?k=5&exact=true')];
    expect(keysOf(exact)).toEqual(keysOf(graph));
  });

  const queries: [string, RegExp][] = [
    ['k=0', /^k: expected a whole number from 1 to 1000, got "0"$/],
    ['k=1001', /^k:/],
    ['k=ten', /^k:/],
    ['k=1e1', /^k:/],
    ['k=', /^k:/],
    ['k=5&k=6', /^k:/],
    ['exact=yes', /^exact: expected true or false, got "yes"$/],
    ['exact=', /^exact:/],
    ['K=5', /no parameter "K"/],
    ['k=5&top=3', /no parameter "top"/],
  ];
  it.each(queries)('refuses ?%s', async (query, detail) => {
    const response = await post(`?${query}`).set('Content-Type', 'image/png').send(filled.pictures[0]);
    expectProblem(response, 'invalid-request');
    expect(response.body.detail).toMatch(detail);
  });

  it('says that there is no such collection', async () => {
    const response = await request(filled.app)
      .post('/v1/collections/nope/search')
      .attach('image', filled.pictures[0], 'a');
    expectProblem(response, 'not-found');
  });

  it('refuses a picture that is cut, and one with more pixels than are read', async () => {
    const cut = filled.pictures[0].subarray(0, filled.pictures[0].length >> 1);
    const sendRaw = (image: Buffer) => post().set('Content-Type', 'image/png').send(image);
    expectProblem(await sendRaw(cut), 'unreadable-image');
    const wide = await sharp({ create: { width: 20_000, height: 2, channels: 3, background: '#fff' } })
      .png()
      .toBuffer();
    expectProblem(await sendRaw(wide), 'image-too-large');
  });

  it('answers many at once', async () => {
    const answers = await Promise.all(
      filled.pictures.map(picture => post('?k=1').set('Content-Type', 'image/png').send(picture)),
    );
    expect(answers.map(keysOf)).toEqual(filled.pictures.map((_, i) => [`picture-${i}.png`]));
  });
});
