import { clusterItems } from '../../api/operations/cluster-items.js';
import { mostClusteredAtOnce } from '../../api/schemas/clustering.js';
import { MedoidError } from '../../errors.js';
import { createBoundedWork } from '../../gallery/bounded-work.js';
import type { LoosePicture } from '../../gallery/clustering/cluster-pictures.js';
import type { ClusterInput } from '../../gallery/clustering/clustering-input.js';
import type { Collection } from '../../gallery/collection.js';
import { answerJob } from '../answer-job.js';
import { mayAs } from '../guard.js';
import { requireNoParameters } from '../parse-request.js';
import { type Answer, type Call, type Route, route } from '../route.js';
import type { RouteParts } from './index.js';

/** Each takes as long as a thousand searches. */
const clusteredAtOnce = 2;
const mostWaiting = 30;

const nobody = (): void => undefined;

/** A job, which takes more than a request should wait for. */
function startJob(
  collection: Collection,
  input: ClusterInput,
  { items, call, gallery }: { items: number; call: Call<typeof clusterItems> } & Pick<RouteParts, 'gallery'>,
): Answer {
  if (!mayAs(call.request, 'write')) {
    throw new MedoidError(
      'forbidden',
      `expected a key with the scope write, or at most ${mostClusteredAtOnce} items, got ${items}: a job clusters more`,
    );
  }
  return answerJob(gallery.jobs.start('cluster', collection.name, input));
}

/** @throws MedoidError `missing-image` */
function requireSeveral(pictures: readonly LoosePicture[]): void {
  if (pictures.length > 1) return;
  throw new MedoidError('missing-image', `image: expected two files or more, got ${pictures.length}`, {
    field: 'image',
  });
}

export function createClusterItemsRoutes({ gallery }: RouteParts): Route[] {
  const inTurn = createBoundedWork({ atOnce: clusteredAtOnce, mostWaiting });
  return [
    route(clusterItems, async call => {
      const { params, query, request, signal, readBody } = call;
      // Before the body, so that a request that is wrong anyway is told so.
      const collection = await gallery.collection(params.name);
      const body = await readBody();
      if (body.kind === 'upload') {
        requireSeveral(body.files);
        return { json: await collection.clustering.clusterPictures(body.files, { ...query, signal }) };
      }
      requireNoParameters(request.query);
      const items = collection.clustering.countSelected(body.value);
      if (items > mostClusteredAtOnce) return startJob(collection, body.value, { items, call, gallery });
      const clustering = { ...body.value, signal, onProgress: nobody };
      return { json: await inTurn(() => collection.clustering.clusterItems(clustering)) };
    }),
  ];
}
