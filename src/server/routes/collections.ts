import {
  createCollection,
  deleteCollection,
  getCollection,
  listCollections,
} from '../../api/operations/collections.js';
import { type Route, route } from '../route.js';
import type { RouteParts } from './index.js';

export const createCollectionRoutes = ({ gallery }: RouteParts): Route[] => [
  route(listCollections, () => ({ json: { collections: gallery.listCollections() } })),
  route(createCollection, async ({ readJson }) => {
    const { name, modelId } = await readJson();
    const collection = await gallery.addCollection(name, modelId);
    const headers = { Location: `/v1/collections/${name}` };
    return { status: 201, headers, json: collection.summary() };
  }),
  route(getCollection, async ({ params }) => ({ json: (await gallery.collection(params.name)).summary() })),
  route(deleteCollection, async ({ params }) => {
    await gallery.removeCollection(params.name);
    return { status: 204 };
  }),
];
