import { Calls } from './calls.js';
import type {
  Cluster,
  ClusterHistory,
  ClusterMembers,
  ClusterPage,
  Job,
  JsonBody,
  OnlineClustering,
  PageOptions,
} from './messages.js';
import { clusteringPath, clustersPath, itemsPath } from './paths.js';
import type { CallOptions, Message } from './transport.js';

/** What can be asked of the clusters that items join. */
export abstract class OnlineClusterCalls extends Calls {
  getClustering(name: string, options: CallOptions = {}): Promise<OnlineClustering> {
    return this.ask<'getClustering'>({ method: 'GET', path: clusteringPath(name), ...options });
  }

  setClustering(
    name: string,
    settings: JsonBody<'setClustering'> = {},
    options: CallOptions = {},
  ): Promise<Job> {
    const message: Message = { method: 'PUT', path: clusteringPath(name), json: settings, ...options };
    return this.ask<'setClustering'>(message);
  }

  async deleteClustering(name: string, options: CallOptions = {}): Promise<void> {
    await this.send({ method: 'DELETE', path: clusteringPath(name), ...options });
  }

  listClusters(
    name: string,
    { signal, ...query }: PageOptions & { readonly order?: 'size' | 'id' } = {},
  ): Promise<ClusterPage> {
    return this.ask<'listClusters'>({ method: 'GET', path: clustersPath(name), query, signal });
  }

  getCluster(name: string, id: number, { signal, ...query }: PageOptions = {}): Promise<ClusterMembers> {
    return this.ask<'getCluster'>({ method: 'GET', path: clustersPath(name, id), query, signal });
  }

  getClusterHistory(
    name: string,
    id: number,
    { signal, ...query }: PageOptions = {},
  ): Promise<ClusterHistory> {
    const path = clustersPath(name, id, 'history');
    return this.ask<'getClusterHistory'>({ method: 'GET', path, query, signal });
  }

  updateCluster(
    name: string,
    id: number,
    change: JsonBody<'updateCluster'>,
    options: CallOptions = {},
  ): Promise<Cluster> {
    const message: Message = { method: 'PATCH', path: clustersPath(name, id), json: change, ...options };
    return this.ask<'updateCluster'>(message);
  }

  mergeClusters(
    name: string,
    id: number,
    others: readonly number[],
    options: CallOptions = {},
  ): Promise<Cluster> {
    const path = clustersPath(name, id, 'merge');
    return this.ask<'mergeClusters'>({ method: 'POST', path, json: { with: others }, ...options });
  }

  /** The machine chooses unless some items are given. @returns what was split off */
  splitCluster(
    name: string,
    id: number,
    itemIds?: readonly number[],
    options: CallOptions = {},
  ): Promise<Cluster> {
    const path = clustersPath(name, id, 'split');
    return this.ask<'splitCluster'>({ method: 'POST', path, json: { itemIds }, ...options });
  }

  moveToCluster(
    name: string,
    id: number,
    itemIds: readonly number[],
    options: CallOptions = {},
  ): Promise<Cluster> {
    const path = clustersPath(name, id, 'items');
    return this.ask<'moveToCluster'>({ method: 'POST', path, json: { itemIds }, ...options });
  }

  getItemCluster(name: string, id: number, options: CallOptions = {}): Promise<Cluster> {
    return this.ask<'getItemCluster'>({ method: 'GET', path: itemsPath(name, id, 'cluster'), ...options });
  }
}
