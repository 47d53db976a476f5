import { imageForm } from './forms.js';
import { JobError } from './job-error.js';
import type {
  Clustering,
  ClusterPicturesOptions,
  ClusterRequest,
  Job,
  PictureClustering,
} from './messages.js';
import { OnlineClusterCalls } from './online-cluster-calls.js';
import { clustersPath } from './paths.js';
import type { CallOptions, Message } from './transport.js';

/** What the client can ask of clusters. */
export abstract class ClusteringCalls extends OnlineClusterCalls {
  abstract waitForJob(id: number, options?: CallOptions): Promise<Job>;

  /**
   * Items in groups of what is alike, however many they are: with more than a request waits for, the server does it by a
   * job, which is waited for. Whoever would rather not wait begins with `startJob` and the kind `cluster`.
   * @param options.signal ends the wait; a job goes on
   * @throws JobError of a job that failed or was cancelled
   */
  async clusterItems(
    name: string,
    request: ClusterRequest = {},
    { signal }: CallOptions = {},
  ): Promise<Clustering> {
    const message: Message = { method: 'POST', path: clustersPath(name), json: request, signal };
    const response = await this.send(message);
    if (response.status !== 202) return (await response.json()) as Clustering;
    const { id } = (await response.json()) as Job;
    const job = await this.waitForJob(id, { signal });
    if (job.state !== 'done') throw new JobError(job);
    return job.result as unknown as Clustering;
  }

  /** Two pictures or more among each other; nothing is stored. */
  clusterPictures(
    name: string,
    images: readonly (Uint8Array | Blob)[],
    { signal, ...query }: ClusterPicturesOptions = {},
  ): Promise<PictureClustering> {
    return this.askFor<PictureClustering>({
      method: 'POST',
      path: clustersPath(name),
      query: { ...query },
      form: imageForm(images),
      repeatable: true,
      signal,
    });
  }
}
