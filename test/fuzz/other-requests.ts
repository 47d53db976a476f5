import { collectionPath, type RequestMaker } from './known.js';
import { odds, pick } from './odd-values.js';
import { type RawRequest, type RequestParts, wholeRequest, writeRequest } from './raw-request.js';

/** What a well-behaved client asks for: the state changes all the time. */
export const validRequest: RequestMaker<RawRequest> = (random, { pictures, itemIds, modelId }) => {
  const id = pick(random, itemIds);
  const items = `${collectionPath}/items`;
  const json = { headers: ['Content-Type: application/json'] };
  const upload = { headers: ['Content-Type: image/png'], body: pick(random, Object.values(pictures)) };
  const parts = pick<RequestParts>(random, [
    { method: 'POST', target: `${items}?key=valid-${random.integer(60)}&label=a`, ...upload },
    { method: 'POST', target: `${collectionPath}/search?k=5`, ...upload },
    { target: `${items}?limit=200` },
    { target: `${items}/${id}/image` },
    { target: `${items}/${id}/thumbnail?side=64` },
    { method: 'DELETE', target: `${items}/${id}` },
    { method: 'PATCH', target: `${items}/${id}`, ...json, body: '{"metadata":{"seen":true}}' },
    { target: `/v1/jobs?limit=200&state=${pick(random, ['done', 'queued', 'failed'])}` },
    { method: 'POST', target: `/v1/jobs/${1 + random.integer(50)}/cancel` },
    { method: 'PUT', target: `${collectionPath}/model`, ...json, body: JSON.stringify({ modelId }) },
    { method: 'POST', target: '/v1/collections', ...json, body: JSON.stringify({ name: 'other', modelId }) },
    { method: 'POST', target: '/v1/collections/other/items?key=a', ...upload },
    { method: 'DELETE', target: '/v1/collections/other' },
    {
      target: `${collectionPath}/clusters?limit=${1 + random.integer(200)}&order=${pick(random, ['id', 'size'])}`,
    },
    { target: `${collectionPath}/clusters/${1 + random.integer(40)}${pick(random, ['', '/history'])}` },
    { target: `${items}/${id}/cluster` },
    { method: odds(random, 0.1) ? 'DELETE' : 'GET', target: `${collectionPath}/clustering` },
    { target: `${collectionPath}/duplicates?tiers=identical` },
    {
      method: pick(random, ['GET', 'DELETE']),
      target: `${collectionPath}/${pick(random, ['evaluations', 'duplicates/decisions'])}/${1 + random.integer(20)}`,
    },
    { target: '/metrics' },
    { target: '/readyz' },
  ]);
  return wholeRequest('valid', parts);
};

/** From clients that send slowly, stop in the middle, or leave before they are answered. */
export const goneRequest: RequestMaker<RawRequest> = (random, { pictures }) => {
  const whole = writeRequest(
    pick<RequestParts>(random, [
      {
        method: 'POST',
        target: `${collectionPath}/search`,
        headers: ['Content-Type: image/png'],
        body: pictures.png,
      },
      {
        method: 'POST',
        target: `${collectionPath}/items?key=gone`,
        headers: ['Content-Type: image/png'],
        body: pictures.jpeg,
        chunked: true,
      },
      { target: `/v1/jobs/${1 + random.integer(9)}/events` },
      { target: '/page.js' },
    ]),
  );
  const bytes = odds(random, 0.6) ? whole.subarray(0, random.integer(whole.length)) : whole;
  return {
    kind: 'gone',
    bytes,
    isWhole: false,
    pauseMs: pick(random, [0, 5, 60]),
    patienceMs: pick(random, [5, 20, 150]),
  };
};
