import { z } from 'zod';
import { collectionNamePattern } from '../../gallery/collection-name.js';

export const collectionNameSchema = z
  .string()
  .regex(
    collectionNamePattern,
    'expected up to 64 letters, digits, ".", "_" and "-", the first a letter or digit',
  );

export const collectionSchema = z
  .strictObject({
    name: z.string(),
    modelId: z.string().describe('the model that answers'),
    previousModelId: z.string().nullable().describe('the one before, which a rollback brings back'),
    dimension: z.int().min(1).describe('numbers of a vector'),
    items: z.int().min(0),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Collection' });

export const newCollectionSchema = z
  .strictObject({
    name: collectionNameSchema,
    modelId: z.string().min(1).describe('one of `GET /v1/models`'),
  })
  .meta({ id: 'NewCollection' });

export const modelSchema = z
  .strictObject({
    id: z.string().describe('changes with the weights and the preprocessing'),
    name: z.string(),
    dimension: z.int().min(1),
    imageSize: z.int().min(1).describe('pixels of the side of the square it sees'),
    parameters: z.int().min(0),
    createdAt: z.iso.datetime(),
    collections: z.array(z.string()).describe('those it answers for'),
  })
  .meta({ id: 'Model' });
