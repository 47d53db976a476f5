import { z } from 'zod';
import { defineOperation } from '../operation.js';
import { jsonSchema } from '../schemas/json.js';
import { noParameters } from '../schemas/parameters.js';

const base = {
  method: 'get',
  tag: 'Operating',
  params: noParameters,
  query: noParameters,
  problems: [],
} as const;

export const getHealth = defineOperation({
  ...base,
  id: 'getHealth',
  path: '/healthz',
  access: 'public',
  summary: 'Whether the process is alive',
  answers: {
    200: { description: 'It is.', json: z.strictObject({ status: z.literal('ok') }).meta({ id: 'Health' }) },
  },
});

const readinessSchema = z
  .strictObject({
    status: z.enum(['ready', 'starting', 'stopping']),
    collections: z
      .array(
        z.strictObject({
          name: z.string(),
          status: z
            .enum(['ready', 'opening', 'indexing', 'broken'])
            .describe('indexing: served already, exactly, while its index is built anew'),
          detail: z
            .string()
            .optional()
            .describe('the code of what is wrong, or what is or was done to open it'),
        }),
      )
      .optional()
      .describe('left out by a server that asks for keys: whoever has one asks for the collections'),
  })
  .meta({ id: 'Readiness' });

export const getReadiness = defineOperation({
  ...base,
  id: 'getReadiness',
  path: '/readyz',
  access: 'public',
  summary: 'Whether it should be sent requests',
  answers: {
    200: { description: 'Every collection that can be served is.', json: readinessSchema },
    503: { description: 'Not yet, or no longer.', json: readinessSchema },
  },
});

export const getMetrics = defineOperation({
  ...base,
  id: 'getMetrics',
  path: '/metrics',
  access: 'read',
  summary: 'Measurements in the text format of Prometheus',
  // Of a server that was told to measure nothing.
  problems: ['not-found'],
  answers: { 200: { description: 'Latencies by stage, queues, sizes, recall.', media: ['text/plain'] } },
});

export const getOpenApi = defineOperation({
  ...base,
  id: 'getOpenApi',
  path: '/openapi.json',
  access: 'public',
  summary: 'This description',
  answers: { 200: { description: 'OpenAPI 3.1.', json: z.record(z.string(), jsonSchema) } },
});
