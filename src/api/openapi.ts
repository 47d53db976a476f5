import { z } from 'zod';
import { type ErrorCode, errorCatalogue } from '../errors.js';
import type { Access, AnswerDescription, BodyDescription, Operation } from './operation.js';
import { listOperations } from './operations/index.js';
import { bodyProblems, commonProblems, guardedProblems, problemSchema } from './schemas/problem.js';

type Json = Record<string, unknown>;
type Direction = 'input' | 'output';

const scopes: Record<Access, string> = {
  public: 'Asks for no key.',
  read: 'Asks for the scope `read`.',
  write: 'Asks for the scope `write`.',
  admin: 'Asks for the scope `admin`.',
};

/** Schemas with an id, by that id: the rest of the document refers to them. */
type Components = Record<string, Json>;

const relocate = (value: unknown): Json =>
  JSON.parse(JSON.stringify(value).replaceAll('"#/$defs/', '"#/components/schemas/')) as Json;

/** JSON Schema 2020-12, the dialect of OpenAPI 3.1. */
function toSchema(schema: z.ZodType, io: Direction, components: Components): Json {
  const { $schema: _, $defs = {}, ...own } = z.toJSONSchema(schema, { io }) as Json;
  for (const [id, definition] of Object.entries($defs as Components)) components[id] = relocate(definition);
  return relocate(own);
}

/** The text of a parameter is read by rules of its own; the document says what it means. */
function toParameter(name: string, schema: z.ZodType, place: 'path' | 'query', components: Components): Json {
  const { description, parameter, ...read } = toSchema(schema, 'input', components);
  const byDefault = schema.safeParse(undefined);
  const shown = (parameter as Json | undefined) ?? read;
  return {
    name,
    in: place,
    required: place === 'path' || !byDefault.success,
    ...(description === undefined ? {} : { description }),
    schema: byDefault.success && byDefault.data !== undefined ? { ...shown, default: byDefault.data } : shown,
  };
}

function describeForm({ mostFiles, fields = {} }: NonNullable<BodyDescription['upload']>): Json {
  const texts = Object.entries(fields).map(([name, description]) => [name, { type: 'string', description }]);
  const image = {
    type: 'array',
    minItems: 1,
    maxItems: mostFiles,
    items: { type: 'string', format: 'binary' },
  };
  return {
    schema: {
      type: 'object',
      properties: { image, ...Object.fromEntries(texts) },
      required: ['image'],
      additionalProperties: false,
    },
  };
}

function describeBody({ json, upload }: BodyDescription, components: Components): Json {
  const content: Json = {};
  if (json !== undefined) content['application/json'] = { schema: toSchema(json, 'input', components) };
  if (upload !== undefined) {
    content['multipart/form-data'] = describeForm(upload);
    for (const type of ['image/*', 'application/octet-stream']) {
      content[type] = { schema: { type: 'string', format: 'binary' } };
    }
  }
  return { required: true, content };
}

const describeHeaders = (headers: Readonly<Record<string, string>>): Json =>
  Object.fromEntries(
    Object.entries(headers).map(([name, description]) => [name, { description, schema: { type: 'string' } }]),
  );

function describeAnswer(
  { description, json, media = [], headers = {} }: AnswerDescription,
  components: Components,
): Json & { readonly content?: Json } {
  const isText = (type: string): boolean => type.startsWith('text/');
  const content: Json = Object.fromEntries(
    media.map(type => [type, { schema: isText(type) ? { type: 'string' } : {} }]),
  );
  if (json !== undefined) content['application/json'] = { schema: toSchema(json, 'output', components) };
  return {
    description,
    headers: describeHeaders({ ...requestIdHeader, ...headers }),
    ...(Object.keys(content).length === 0 ? {} : { content }),
  };
}

/** The codes that an operation can fail with. */
export function problemsOf({ access, body, problems }: Operation): readonly ErrorCode[] {
  const ofKeys = access === 'public' ? [] : guardedProblems;
  const ofBody = body === undefined ? [] : bodyProblems;
  return [...new Set([...commonProblems, ...ofKeys, ...ofBody, ...problems])];
}

const requestIdHeader = { 'X-Request-Id': 'names the request, as the log does' };

/** Headers of a failure, by its status. */
const problemHeaders: Readonly<Record<number, Readonly<Record<string, string>>>> = {
  401: { 'WWW-Authenticate': 'how a key is sent' },
  405: { Allow: 'the methods that the path knows' },
  429: { 'Retry-After': 'seconds to wait' },
  503: { 'Retry-After': 'seconds to wait' },
};

/** One answer a status, which names every code it stands for. */
function describeProblems(operation: Operation): Record<string, Json> {
  const byStatus = new Map<number, ErrorCode[]>();
  for (const code of problemsOf(operation)) {
    const { status } = errorCatalogue[code];
    byStatus.set(status, [...(byStatus.get(status) ?? []), code]);
  }
  const answers = [...byStatus].map(([status, codes]) => [
    status,
    {
      headers: describeHeaders({ ...requestIdHeader, ...problemHeaders[status] }),
      description: codes.map(code => `\`${code}\`: ${errorCatalogue[code].title}.`).join('\n\n'),
      content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
    },
  ]);
  return Object.fromEntries(answers);
}

function describeOperation(operation: Operation, components: Components): Json {
  const { id, tag, summary, description, access, params, query, headers = {}, body, answers } = operation;
  const parameters = [
    ...Object.entries(params.shape).map(([name, schema]) =>
      toParameter(name, schema as z.ZodType, 'path', components),
    ),
    ...Object.entries(query.shape).map(([name, schema]) =>
      toParameter(name, schema as z.ZodType, 'query', components),
    ),
    ...Object.entries(headers).map(([name, text]) => ({
      name,
      in: 'header',
      description: text,
      schema: { type: 'string' },
    })),
  ];
  const responses = describeProblems(operation);
  for (const [status, answer] of Object.entries(answers)) {
    const { content, description: success, ...described } = describeAnswer(answer, components);
    const problem = responses[Number(status)] as { content?: Json; description?: string } | undefined;
    responses[Number(status)] = {
      ...described,
      description: [success, problem?.description].filter(text => text !== undefined).join('\n\n'),
      ...((content ?? problem) ? { content: { ...problem?.content, ...content } } : {}),
    };
  }
  return {
    operationId: id,
    tags: [tag],
    summary,
    description: [description, scopes[access]].filter(text => text !== undefined).join('\n\n'),
    parameters,
    ...(body === undefined ? {} : { requestBody: describeBody(body, components) }),
    responses,
    security: access === 'public' ? [] : [{ bearer: [] }, { apiKey: [] }],
  };
}

/** OpenAPI 3.1 of every operation. */
export function createOpenApi({ version }: { readonly version: string }): Json {
  const components: Components = {};
  toSchema(problemSchema, 'output', components);
  const paths: Record<string, Json> = {};
  for (const operation of listOperations()) {
    paths[operation.path] = {
      ...paths[operation.path],
      [operation.method]: describeOperation(operation, components),
    };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Medoid',
      version,
      summary: 'Find pictures by pictures.',
      license: { name: 'MIT', identifier: 'MIT' },
    },
    servers: [{ url: './', description: 'where this document lies' }],
    tags: [...new Set(listOperations().map(({ tag }) => tag))].map(name => ({ name })),
    paths,
    components: {
      schemas: Object.fromEntries(Object.entries(components).sort(([a], [b]) => (a < b ? -1 : 1))),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'A key of `medoid keys create`.' },
        apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'The same.' },
      },
    },
  };
}
