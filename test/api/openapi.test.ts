import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { createOpenApi, problemsOf } from '../../src/api/openapi.js';
import { listOperations } from '../../src/api/operations/index.js';
import { errorCatalogue } from '../../src/errors.js';
import { findMismatch } from '../fixtures/check-answers.js';

const document = createOpenApi({ version: '1.2.3' });

describe('the OpenAPI document', () => {
  it('is a valid one of version 3.1', async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(structuredClone(document));
    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
    expect([document.openapi, validator.version]).toEqual(['3.1.0', '3.1']);
  });

  it('has every operation, each under an id of its own', () => {
    const paths = document.paths as Record<string, Record<string, { operationId: string }>>;
    const ids = Object.values(paths).flatMap(path =>
      Object.values(path).map(({ operationId }) => operationId),
    );
    expect(ids.sort()).toEqual(
      listOperations()
        .map(({ id }) => id)
        .sort(),
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('refers to nothing that is not there', () => {
    const { schemas } = document.components as { schemas: Record<string, unknown> };
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g)].map(
      ([, target]) => target,
    );
    expect(references.length).toBeGreaterThan(50);
    for (const target of references) {
      expect(target).toMatch(/^#\/components\/schemas\/\w+$/);
      expect(Object.keys(schemas)).toContain(target.split('/').at(-1));
    }
  });

  it('names every schema itself, so that no two share a name', () => {
    const { schemas } = document.components as { schemas: Record<string, unknown> };
    expect(Object.keys(schemas).filter(name => !/^[A-Z]/.test(name))).toEqual([]);
    expect(schemas.AndFilter).toMatchObject({
      properties: { and: { $ref: '#/components/schemas/ItemFilters' } },
    });
  });

  it.each(listOperations().map(operation => [operation.id, operation] as const))(
    'says of %s which codes it fails with, under their statuses',
    (_, operation) => {
      const paths = document.paths as Record<string, Record<string, { responses: Record<string, unknown> }>>;
      const { responses } = paths[operation.path][operation.method];
      for (const code of problemsOf(operation)) {
        const text = JSON.stringify(responses[errorCatalogue[code].status]);
        expect(text).toContain('application/problem+json');
        expect(text).toContain(`\`${code}\`: ${errorCatalogue[code].title}.`);
      }
    },
  );
});

describe('the check of answers against the document', () => {
  const json = (body: unknown, status = 200, type = 'application/json') => ({
    status,
    type,
    body: Buffer.from(JSON.stringify(body)),
  });
  const collection = {
    name: 'a',
    modelId: 'm',
    previousModelId: null,
    dimension: 8,
    items: 0,
    createdAt: '2024-01-01T00:00:00.000Z',
  };
  const get = { method: 'GET', url: '/v1/collections/a?x=1' };

  it('finds nothing in an answer that is as described', () => {
    expect(findMismatch(get, json(collection))).toBeUndefined();
  });

  it.each([
    ['a field that is missing', json({ ...collection, items: undefined })],
    ['a field too many', json({ ...collection, path: '/home' })],
    ['a wrong type', json({ ...collection, items: '3' })],
    ['another status', json(collection, 201)],
    ['another media type', json(collection, 200, 'text/html')],
    ['an odd problem', json({ code: 'not-found' }, 404, 'application/problem+json')],
  ])('finds %s', (_, answer) => {
    expect(findMismatch(get, answer)).toMatch(/./);
  });
});
