import {
  deleteClustering,
  getCluster,
  getClusterHistory,
  getClustering,
  getItemCluster,
  listClusters,
  mergeClusters,
  moveToCluster,
  setClustering,
  splitCluster,
  updateCluster,
} from '../../api/operations/clusters.js';
import type { CollectionClusters } from '../../gallery/online-clusters/collection-clusters.js';
import { answerJob } from '../answer-job.js';
import { type Route, route } from '../route.js';
import type { RouteParts } from './index.js';

export const createClusterRoutes = ({ gallery }: RouteParts): Route[] => {
  const clustersOf = async ({ name }: { readonly name: string }): Promise<CollectionClusters> =>
    (await gallery.collection(name)).clusters;
  return [
    route(getClustering, async ({ params }) => ({ json: (await clustersOf(params)).summary() })),
    route(setClustering, async ({ params, readJson }) => {
      const clusters = await clustersOf(params);
      await clusters.configure(await readJson());
      return answerJob(gallery.jobs.start('consolidate-clusters', params.name, {}));
    }),
    route(deleteClustering, async ({ params }) => {
      await (await clustersOf(params)).forget();
      return { status: 204 };
    }),
    route(listClusters, async ({ params, query, signal }) => ({
      json: await (await clustersOf(params)).list(query, signal),
    })),
    route(getCluster, async ({ params, query, signal }) => ({
      json: await (await clustersOf(params)).listMembers(params.id, query, signal),
    })),
    route(getClusterHistory, async ({ params, query }) => ({
      json: await (await clustersOf(params)).listEvents(params.id, query),
    })),
    route(updateCluster, async ({ params, readJson }) => {
      const clusters = await clustersOf(params);
      return { json: await clusters.update(params.id, await readJson()) };
    }),
    route(mergeClusters, async ({ params, readJson }) => {
      const clusters = await clustersOf(params);
      return { json: await clusters.merge(params.id, (await readJson()).with) };
    }),
    route(splitCluster, async ({ params, readJson, signal }) => {
      const clusters = await clustersOf(params);
      const cluster = await clusters.split(params.id, (await readJson()).itemIds, signal);
      const headers = { Location: `/v1/collections/${params.name}/clusters/${cluster.id}` };
      return { status: 201, headers, json: cluster };
    }),
    route(moveToCluster, async ({ params, readJson }) => {
      const clusters = await clustersOf(params);
      return { json: await clusters.moveItems(params.id, (await readJson()).itemIds) };
    }),
    route(getItemCluster, async ({ params, signal }) => ({
      json: await (await clustersOf(params)).findOfItem(params.id, signal),
    })),
  ];
};
