import { EventSourceParserStream } from 'eventsource-parser/stream';
import { DuplicateCalls } from './duplicate-calls.js';
import { imageForm, itemForm } from './forms.js';
import type {
  AddAnswer,
  Answer,
  Collection,
  Item,
  ItemFilter,
  ItemPage,
  Job,
  JobPage,
  JsonBody,
  Model,
  NewItems,
  NewJob,
  PageOptions,
  Picture,
  SearchAnswer,
  SearchByImageOptions,
  SearchRequest,
} from './messages.js';
import { itemsPath } from './paths.js';
import { type CallOptions, type ClientOptions, createTransport, type Message } from './transport.js';
import { waitForEnd } from './wait-for-end.js';

export { JobError } from './job-error.js';
export type * from './messages.js';
export { type Problem, ProblemError } from './problem-error.js';
export type { CallOptions, ClientOptions } from './transport.js';

/**
 * Everything that the HTTP interface can be asked, a method for each operation and of its name.
 * @throws ProblemError from every method, with the code, the field and the words of the server
 */
export class MedoidClient extends DuplicateCalls {
  constructor(options: ClientOptions) {
    super(createTransport(options));
  }

  async listCollections(options: CallOptions = {}): Promise<Collection[]> {
    const answer = await this.ask<'listCollections'>({
      method: 'GET',
      path: ['v1', 'collections'],
      ...options,
    });
    return answer.collections;
  }

  createCollection(collection: JsonBody<'createCollection'>, options: CallOptions = {}): Promise<Collection> {
    return this.ask<'createCollection'>({
      method: 'POST',
      path: ['v1', 'collections'],
      json: collection,
      ...options,
    });
  }

  getCollection(name: string, options: CallOptions = {}): Promise<Collection> {
    return this.ask<'getCollection'>({ method: 'GET', path: ['v1', 'collections', name], ...options });
  }

  async deleteCollection(name: string, options: CallOptions = {}): Promise<void> {
    await this.send({ method: 'DELETE', path: ['v1', 'collections', name], ...options });
  }

  listItems(
    name: string,
    { signal, ...query }: PageOptions & { readonly key?: string; readonly filter?: ItemFilter } = {},
  ): Promise<ItemPage> {
    return this.ask<'listItems'>({ method: 'GET', path: itemsPath(name), query, signal });
  }

  /** Every item there is, page after page. */
  async *eachItem(
    name: string,
    options: CallOptions & { readonly filter?: ItemFilter } = {},
  ): AsyncGenerator<Item, void> {
    for (let after: number | null = 0; after !== null; ) {
      const page: ItemPage = await this.listItems(name, { ...options, after, limit: 200 });
      yield* page.items;
      after = page.next;
    }
  }

  /** Pictures as JSON: base64, or addresses for the server to fetch. */
  async addItems(name: string, items: NewItems, options: CallOptions = {}): Promise<AddAnswer> {
    const message: Message = {
      method: 'POST',
      path: itemsPath(name),
      json: { items },
      repeatable: true,
      ...options,
    };
    return this.askFor<AddAnswer>(message);
  }

  /** Pictures as files of a form. */
  async uploadItems(
    name: string,
    pictures: readonly Picture[],
    options: CallOptions = {},
  ): Promise<AddAnswer> {
    return this.askFor<AddAnswer>({
      method: 'POST',
      path: itemsPath(name),
      form: itemForm(pictures),
      repeatable: true,
      ...options,
    });
  }

  /** Like `addItems`, by a job. */
  addItemsLater(name: string, items: NewItems, options: CallOptions = {}): Promise<Job> {
    const headers = { Prefer: 'respond-async' };
    return this.askFor<Job>({ method: 'POST', path: itemsPath(name), json: { items }, headers, ...options });
  }

  getItem(name: string, id: number, options: CallOptions = {}): Promise<Item> {
    return this.ask<'getItem'>({ method: 'GET', path: itemsPath(name, id), ...options });
  }

  updateItem(
    name: string,
    id: number,
    change: JsonBody<'updateItem'>,
    options: CallOptions = {},
  ): Promise<Item> {
    return this.ask<'updateItem'>({ method: 'PATCH', path: itemsPath(name, id), json: change, ...options });
  }

  async deleteItem(name: string, id: number, options: CallOptions = {}): Promise<void> {
    await this.send({ method: 'DELETE', path: itemsPath(name, id), ...options });
  }

  deleteItems(
    name: string,
    which: JsonBody<'deleteItems'>,
    options: CallOptions = {},
  ): Promise<Answer<'deleteItems'>> {
    return this.ask<'deleteItems'>({
      method: 'POST',
      path: itemsPath(name, 'delete'),
      json: which,
      ...options,
    });
  }

  async getItemImage(
    name: string,
    id: number,
    { format = 'jpeg', signal }: CallOptions & { readonly format?: 'jpeg' | 'webp' | 'png' } = {},
  ): Promise<Blob> {
    const headers = { Accept: `image/${format}` };
    return (await this.send({ method: 'GET', path: itemsPath(name, id, 'image'), headers, signal })).blob();
  }

  async getItemThumbnail(
    name: string,
    id: number,
    {
      format = 'jpeg',
      side,
      signal,
    }: CallOptions & { readonly format?: 'jpeg' | 'webp'; readonly side?: number } = {},
  ): Promise<Blob> {
    const message = { path: itemsPath(name, id, 'thumbnail'), headers: { Accept: `image/${format}` } };
    return (await this.send({ method: 'GET', ...message, query: { side }, signal })).blob();
  }

  search(name: string, request: SearchRequest, options: CallOptions = {}): Promise<SearchAnswer> {
    return this.ask<'search'>({
      method: 'POST',
      path: searchPath(name),
      json: request,
      repeatable: true,
      ...options,
    });
  }

  /** @param images one picture, or several of one thing */
  searchByImage(
    name: string,
    images: Uint8Array | Blob | readonly (Uint8Array | Blob)[],
    { signal, ...query }: SearchByImageOptions = {},
  ): Promise<SearchAnswer> {
    const form = imageForm(images instanceof Uint8Array || images instanceof Blob ? [images] : images);
    return this.ask<'search'>({
      method: 'POST',
      path: searchPath(name),
      query: { ...query },
      form,
      repeatable: true,
      signal,
    });
  }

  async searchBatch(
    name: string,
    searches: readonly SearchRequest[],
    options: CallOptions = {},
  ): Promise<Answer<'searchBatch'>['answers']> {
    const path = [...searchPath(name), 'batch'];
    const { answers } = await this.ask<'searchBatch'>({
      method: 'POST',
      path,
      json: { searches },
      repeatable: true,
      ...options,
    });
    return answers;
  }

  async listModels(options: CallOptions = {}): Promise<Model[]> {
    return (await this.ask<'listModels'>({ method: 'GET', path: ['v1', 'models'], ...options })).models;
  }

  activateModel(name: string, modelId: string, options: CallOptions = {}): Promise<Job> {
    const path = ['v1', 'collections', name, 'model'];
    return this.ask<'activateModel'>({ method: 'PUT', path, json: { modelId }, ...options });
  }

  rollBackModel(name: string, options: CallOptions = {}): Promise<Job> {
    const path = ['v1', 'collections', name, 'model', 'rollback'];
    return this.ask<'rollBackModel'>({ method: 'POST', path, ...options });
  }

  startJob(name: string, job: NewJob, options: CallOptions = {}): Promise<Job> {
    const path = ['v1', 'collections', name, 'jobs'];
    return this.ask<'startJob'>({ method: 'POST', path, json: job, ...options });
  }

  listJobs({
    signal,
    ...query
  }: PageOptions & { readonly collection?: string; readonly state?: Job['state'] } = {}): Promise<JobPage> {
    return this.ask<'listJobs'>({ method: 'GET', path: ['v1', 'jobs'], query, signal });
  }

  getJob(id: number, options: CallOptions = {}): Promise<Job> {
    return this.ask<'getJob'>({ method: 'GET', path: ['v1', 'jobs', id], ...options });
  }

  /** The job now and at each change, until it has ended. */
  async *watchJob(id: number, { signal }: CallOptions = {}): AsyncGenerator<Job, void> {
    const { body } = await this.send({ method: 'GET', path: ['v1', 'jobs', id, 'events'], signal });
    if (body === null) return;
    const events = body.pipeThrough(new TextDecoderStream()).pipeThrough(new EventSourceParserStream());
    for await (const { data } of events) yield JSON.parse(data) as Job;
  }

  /** The job as it has ended. A stream that breaks off is opened again; one that cannot be opened is a failure. */
  waitForJob(id: number, { signal }: CallOptions = {}): Promise<Job> {
    return waitForEnd(() => this.watchJob(id, { signal }), signal);
  }

  cancelJob(id: number, options: CallOptions = {}): Promise<Job> {
    return this.ask<'cancelJob'>({ method: 'POST', path: ['v1', 'jobs', id, 'cancel'], ...options });
  }

  getHealth(options: CallOptions = {}): Promise<Answer<'getHealth'>> {
    return this.ask<'getHealth'>({ method: 'GET', path: ['healthz'], ...options });
  }

  /** @throws ProblemError with status 503 while the server is not ready */
  getReadiness(options: CallOptions = {}): Promise<Answer<'getReadiness'>> {
    return this.ask<'getReadiness'>({ method: 'GET', path: ['readyz'], ...options });
  }

  async getMetrics(options: CallOptions = {}): Promise<string> {
    return (await this.send({ method: 'GET', path: ['metrics'], ...options })).text();
  }

  getOpenApi(options: CallOptions = {}): Promise<Answer<'getOpenApi'>> {
    return this.ask<'getOpenApi'>({ method: 'GET', path: ['openapi.json'], ...options });
  }
}

const searchPath = (name: string): string[] => ['v1', 'collections', name, 'search'];
