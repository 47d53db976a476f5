import type { Operation } from '../operation.js';
import * as collections from './collections.js';
import * as items from './items.js';
import * as jobs from './jobs.js';
import * as models from './models.js';
import * as operating from './operating.js';
import * as search from './search.js';

/** Everything that can be asked over HTTP, by its id, in the order of the documentation. */
export const operations = { ...collections, ...items, ...search, ...models, ...jobs, ...operating } as const;

export type Operations = typeof operations;
export type OperationId = keyof Operations;

export const listOperations = (): readonly Operation[] => Object.values(operations);
