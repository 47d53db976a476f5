import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, expectTypeOf, it } from 'vitest';
import { createOpenApi } from '../../src/api/openapi.js';
import { listOperations } from '../../src/api/operations/index.js';
import { KeyStore } from '../../src/catalog/key-store.js';
import {
  type Item,
  type Job,
  JobError,
  MedoidClient,
  ProblemError,
  type SearchAnswer,
} from '../../src/client/medoid-client.js';
import { createLog } from '../../src/log.js';
import { createApp } from '../../src/server/app.js';
import { createMetrics } from '../../src/server/metrics.js';
import { type RunningServer, startServer } from '../../src/server/start-server.js';
import { checkAnswers } from '../fixtures/check-answers.js';
import { type FilledApp, openFilledApp } from '../fixtures/filled-app.js';
import { createPicture } from '../fixtures/images.js';
import { createTinyModel } from '../fixtures/tiny-model.js';

/** What the client has beside a method for each operation. */
const conveniences = [
  'addItemsLater',
  'clusterPictures',
  'eachItem',
  'searchByImage',
  'uploadItems',
  'waitForJob',
];
const name = 'default';

describe('the client', () => {
  let folder: string;
  let filled: FilledApp;
  let server: RunningServer;
  let client: MedoidClient;
  let mismatches: string[];
  /** Methods that were called, so that none is forgotten. */
  const called = new Set<string>();

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-client-'));
    await createTinyModel(join(folder, 'other'), { name: 'other', seed: 1 });
    filled = await openFilledApp({ open: { modelsDirectory: folder } });
    const { gallery } = filled;
    const keys = KeyStore.open(filled.directory, { access: 'write', onNotice: () => undefined });
    const { key } = keys.create({ name: 'client', scopes: ['admin'], rateLimit: null });
    const metrics = createMetrics({ gallery, waiting: () => 0 });
    const log = createLog('silent');
    const checked = checkAnswers(createApp({ gallery, log, webDirectory: filled.folder, keys, metrics }));
    ({ mismatches } = checked);
    server = await startServer(checked.listener, { host: '127.0.0.1', port: 0 });
    const made = new MedoidClient({ baseUrl: `${server.url}/`, apiKey: key });
    client = new Proxy(made, {
      get(target, property) {
        called.add(String(property));
        const value = Reflect.get(target, property);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
  });
  afterAll(async () => {
    await server.close({ deadlineMs: 1000 });
    await filled.remove();
    await rm(folder, { recursive: true });
    expect(mismatches).toEqual([]);
  });

  const operationIds = listOperations().map(({ id }) => id);

  it('has a method for each operation, and a few for convenience', () => {
    const methods = new Set<string>();
    for (let type = MedoidClient.prototype; type !== Object.prototype; type = Object.getPrototypeOf(type))
      for (const method of Object.getOwnPropertyNames(type)) methods.add(method);
    for (const own of ['constructor', 'ask', 'askFor']) methods.delete(own);
    expect([...methods].sort()).toEqual([...operationIds, ...conveniences].sort());
  });

  it('makes, shows and deletes collections', async () => {
    const [{ modelId }] = await client.listCollections();
    const made = await client.createCollection({ name: 'made', modelId });
    expect(made).toMatchObject({ name: 'made', items: 0, modelId });
    expect(await client.getCollection('made')).toEqual(made);
    expect((await client.listCollections()).map(one => one.name)).toEqual(['default', 'made']);
    expect(await client.deleteCollection('made')).toBeUndefined();
    await expect(client.getCollection('made')).rejects.toThrow(ProblemError);
  });

  it('adds, changes and deletes items', async () => {
    const [a, b] = await Promise.all(['client a', 'client b'].map(seed => createPicture(seed)));
    const { outcomes } = await client.addItems(name, [
      { key: 'client-a', label: 'chair', image: { base64: a.toString('base64') } },
    ]);
    const [outcome] = outcomes;
    if (outcome.status === 'failed') throw new Error(outcome.message);
    const { id } = outcome.item;
    expect(await client.getItem(name, id)).toEqual(outcome.item);
    const changed = await client.updateItem(name, id, { label: 'sofa', metadata: { price: 3 } });
    expect([changed.label, changed.metadata]).toEqual(['sofa', { price: 3 }]);
    const uploaded = await client.uploadItems(name, [
      { bytes: a, key: 'client-a', label: 'sofa', metadata: { price: 3 } },
      { bytes: new Blob([new Uint8Array(b)]), key: 'client/b', metadata: { price: 5 } },
    ]);
    expect(uploaded.outcomes.map(({ key, status }) => [key, status])).toEqual([
      ['client-a', 'unchanged'],
      ['client/b', 'added'],
    ]);
    const filter = { field: 'metadata.price', range: { gte: 3 } } as const;
    expect((await client.listItems(name, { filter, limit: 1 })).items.map(({ key }) => key)).toEqual([
      'client-a',
    ]);
    expect((await client.listItems(name, { key: 'client/b' })).items).toHaveLength(1);
    const ids: number[] = [];
    for await (const item of client.eachItem(name)) ids.push(item.id);
    expect(ids).toEqual([...ids].sort((x, y) => x - y));
    expect(ids).toHaveLength(14);
    expect(await client.deleteItem(name, id)).toBeUndefined();
    expect(await client.deleteItems(name, { keys: ['client/b', 'client-a'] })).toEqual({
      removed: 1,
      unknown: ['client-a'],
    });
  });

  it('gets pictures in the format that is asked for', async () => {
    expect((await client.getItemImage(name, 1)).type).toBe('image/jpeg');
    expect((await client.getItemImage(name, 1, { format: 'png' })).type).toBe('image/png');
    const thumbnail = await client.getItemThumbnail(name, 1, { format: 'webp', side: 32 });
    expect([thumbnail.type, thumbnail.size > 0]).toEqual(['image/webp', true]);
  });

  it('searches by items, vectors and pictures', async () => {
    const found = await client.search(name, { query: { itemKey: 'picture-3.png' }, k: 2, includeSelf: true });
    expect(found.results[0].item.id).toBe(4);
    const next = await client.search(name, { cursor: found.next as string });
    expect(next.results).toHaveLength(2);
    const one = await client.searchByImage(name, filled.pictures[5], {
      k: 1,
      exact: true,
      box: { left: 0, top: 0, width: 1, height: 1 },
      filter: { field: 'label', equals: 'label-2' },
    });
    expect(one.results.map(({ item }) => item.id)).toEqual([6]);
    const views = [filled.pictures[5], new Blob([new Uint8Array(filled.pictures[5])])];
    expect((await client.searchByImage(name, views, { k: 1 })).results[0].item.id).toBe(6);
    const [good, bad] = await client.searchBatch(name, [
      { query: { itemId: 1 } },
      { query: { itemId: 999 } },
    ]);
    expect('results' in good && good.results.length).toBe(10);
    expect(bad).toMatchObject({ code: 'not-found', field: 'itemId' });
  });

  it('evaluates, and shows what has changed', async () => {
    const [first, second] = [await client.startEvaluation(name), await client.startEvaluation(name, {})];
    const [before, after] = [await client.waitForJob(first.id), await client.waitForJob(second.id)].map(
      ({ result }) => (result as { evaluationId: number }).evaluationId,
    );
    const page = await client.listEvaluations(name, { limit: 1, before: after + 1 });
    expect(page).toMatchObject({ evaluations: [{ id: after }], next: after });
    const evaluation = await client.getEvaluation(name, after, { comparedWith: before });
    expect(evaluation).toMatchObject({
      id: after,
      change: { since: { id: before }, sameItems: true, mapAtR: 0 },
    });
    await client.deleteEvaluation(name, after);
    await expect(client.getEvaluation(name, after)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('clusters items at once, or by a job that it waits for, and pictures', async () => {
    const few = await client.clusterItems(name, {
      clusters: 2,
      filter: { field: 'label', equals: 'label-1' },
    });
    expect([few.items, few.purity]).toEqual([4, 1]);
    const large = await filled.gallery.createCollection('large', join(filled.folder, 'model'));
    const [a, b] = await Promise.all(['many a', 'many b'].map(seed => createPicture(seed)));
    const items = Array.from({ length: 2001 }, (_, i) => ({ key: `many-${i}`, image: i % 2 === 0 ? a : b }));
    await large.add(items);
    const many = await client.clusterItems('large', { clusters: 2 });
    expect(many.clusters.map(({ size }) => size)).toEqual([1001, 1000]);
    expect((await client.listJobs({ collection: 'large' })).jobs).toMatchObject([{ kind: 'cluster' }]);
    const pictures = await client.clusterPictures(name, [filled.pictures[3], new Blob([new Uint8Array(a)])], {
      clusters: 1,
      facilityCost: 0.5,
    });
    expect(pictures.clusters[0].members.map(({ image }) => image).sort()).toEqual([0, 1]);
    await client.deleteCollection('large');
  });

  it('says which job it waited for in vain', async () => {
    const job = { state: 'failed', error: { code: 'not-found', message: 'the collection has no item 7' } };
    const error = new JobError(job as Job);
    expect([error.message, error.job]).toEqual(['the collection has no item 7', job]);
    expect(new JobError({ id: 3, state: 'cancelled', error: null } as Job).message).toBe(
      'job 3 was cancelled',
    );
  });

  it('starts jobs, watches them over the wire, and waits for them', async () => {
    const { id } = await client.startJob(name, { kind: 'cluster', clusters: 3 });
    const states: Job[] = [];
    for await (const job of client.watchJob(id)) states.push(job);
    expect(states.at(-1)).toMatchObject({ id, kind: 'cluster', state: 'done', error: null });
    expect(await client.getJob(id)).toEqual(states.at(-1));
    expect(await client.waitForJob(id)).toEqual(states.at(-1));
    const picture = await createPicture('client later');
    const later = await client.addItemsLater(name, [
      { key: 'later', image: { base64: picture.toString('base64') } },
    ]);
    expect(await client.waitForJob(later.id)).toMatchObject({ state: 'done', result: { added: 1 } });
    const page = await client.listJobs({ collection: name, state: 'done', limit: 1, after: id });
    expect(page.jobs.map(job => job.id)).toEqual([later.id]);
    await expect(client.cancelJob(id)).rejects.toMatchObject({ code: 'conflict', status: 409 });
  });

  it('has items join clusters, reads them, and changes them by hand', async () => {
    const job = await client.setClustering(name, { facilityCost: 1e-6, consolidateAfter: 1000 });
    expect(await client.waitForJob(job.id)).toMatchObject({ state: 'done', result: { placed: 13 } });
    expect(await client.getClustering(name)).toMatchObject({ clusters: 13, items: 13, facilityCost: 1e-6 });
    const { clusters, next } = await client.listClusters(name, { order: 'id', limit: 3 });
    expect([clusters.length, next]).toEqual([3, clusters[2].id]);
    const [a, b, c] = clusters.map(({ id }) => id);
    expect(await client.updateCluster(name, a, { name: 'chairs' })).toMatchObject({ id: a, name: 'chairs' });
    expect(await client.mergeClusters(name, a, [b])).toMatchObject({ id: a, size: 2 });
    expect((await client.getCluster(name, b)).cluster).toMatchObject({ state: 'merged', mergedInto: a });
    const { members } = await client.getCluster(name, a, { limit: 10 });
    const split = await client.splitCluster(name, a, [members[1].item.id]);
    expect(split).toMatchObject({ state: 'open', size: 1, medoid: members[1].item.id });
    expect(await client.moveToCluster(name, c, [members[1].item.id])).toMatchObject({ id: c, size: 2 });
    expect(await client.getItemCluster(name, members[1].item.id)).toMatchObject({ id: c });
    const { events } = await client.getClusterHistory(name, split.id);
    expect(events.map(({ kind }) => kind)).toEqual(['split-off', 'left', 'emptied']);
    expect(await client.deleteClustering(name)).toBeUndefined();
    await expect(client.getClustering(name)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('searches for duplicates, and decides of them', async () => {
    const { id } = await client.searchDuplicates(name, { maxDistance: 2, tiers: ['near'] });
    expect((await client.waitForJob(id)).state).toBe('done');
    const { search, groups } = await client.listDuplicates(name, { limit: 1, tiers: ['near', 'identical'] });
    expect(search?.tiers).toEqual(['near']);
    const itemIds = [groups[0].representative.id, groups[0].items[0].item.id];
    const decision = await client.decideDuplicates(name, { verdict: 'not-duplicates', itemIds });
    expect((await client.listDuplicateDecisions(name, { limit: 5 })).decisions).toEqual([decision]);
    await client.deleteDuplicateDecision(name, decision.id);
    expect((await client.listDuplicateDecisions(name)).decisions).toEqual([]);
  });

  it('changes the model and brings the one before back', async () => {
    const models = await client.listModels();
    expect(models.map(model => model.name).sort()).toEqual(['other', 'tiny']);
    const other = models.find(model => model.name === 'other')?.id as string;
    const activated = await client.waitForJob((await client.activateModel(name, other)).id);
    expect([activated.state, (await client.getCollection(name)).modelId]).toEqual(['done', other]);
    await client.waitForJob((await client.rollBackModel(name)).id);
    expect((await client.getCollection(name)).modelId).not.toBe(other);
  });

  it('asks how the server is', async () => {
    expect(await client.getHealth()).toEqual({ status: 'ok' });
    expect((await client.getReadiness()).status).toBe('ready');
    expect(await client.getMetrics()).toContain('medoid_collection_items{collection="default"}');
    expect(await client.getOpenApi()).toEqual(createOpenApi({ version: '0' }));
  });

  it('throws what the server says, as it says it', async () => {
    const error = await client.search(name, { query: { itemId: 1 }, k: 0 }).catch(thrown => thrown);
    expect(error).toBeInstanceOf(ProblemError);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name: 'ProblemError', status: 400, code: 'invalid-request', field: 'k' });
    expect(error.message).toBe('k: expected number to be >=1, got 0');
    expect(error.requestId).toMatch(/^[0-9a-f-]{36}$/);
    const unknown = await new MedoidClient({ baseUrl: server.url }).listModels().catch(thrown => thrown);
    expect(unknown).toMatchObject({ status: 401, code: 'unauthenticated', field: undefined });
  });

  it('encodes names that are no part of a path', async () => {
    await expect(client.getCollection('../../healthz')).rejects.toMatchObject({ code: 'not-found' });
    await expect(client.getCollection('a/b?c#d')).rejects.toMatchObject({ code: 'not-found' });
  });

  it('has had every method called', () => {
    expect([...operationIds, ...conveniences].filter(method => !called.has(method))).toEqual([]);
  });

  it('has the types of the schemas', () => {
    expectTypeOf<MedoidClient['search']>().returns.resolves.toEqualTypeOf<SearchAnswer>();
    expectTypeOf<MedoidClient['getItem']>().returns.resolves.toEqualTypeOf<Item>();
    expectTypeOf<Item['label']>().toEqualTypeOf<string | null>();
    expectTypeOf<SearchAnswer['results'][number]['similarity']>().toEqualTypeOf<number | null>();
    expectTypeOf<Job['state']>().toEqualTypeOf<'queued' | 'running' | 'done' | 'failed' | 'cancelled'>();
    expectTypeOf<ProblemError['code']>().extract<'overloaded'>().toEqualTypeOf<'overloaded'>();
    expectTypeOf({ query: { itemId: 1 }, k: 5 }).toExtend<Parameters<MedoidClient['search']>[1]>();
    expectTypeOf({ query: { itemId: '1' } }).not.toExtend<Parameters<MedoidClient['search']>[1]>();
    expectTypeOf({ kind: 'nothing' as const }).not.toExtend<Parameters<MedoidClient['startJob']>[1]>();
  });
});
