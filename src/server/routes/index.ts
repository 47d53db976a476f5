import type { Gallery } from '../../gallery/gallery.js';
import type { FetchImage } from '../../gallery/image-fetching.js';
import type { Metrics } from '../metrics.js';
import type { Readiness } from '../readiness.js';
import type { Route } from '../route.js';
import { createClusterItemsRoutes } from './cluster-items.js';
import { createClusterRoutes } from './clusters.js';
import { createCollectionRoutes } from './collections.js';
import { createDuplicateRoutes } from './duplicates.js';
import { createEvaluationRoutes } from './evaluations.js';
import { createItemRoutes } from './items.js';
import { createJobRoutes } from './jobs.js';
import { createModelRoutes } from './models.js';
import { createOperatingRoutes } from './operating.js';
import { createSearchRoutes } from './search.js';

/** What routes are made of. */
export interface RouteParts {
  readonly gallery: Gallery;
  readonly maxImageBytes: number;
  readonly fetchImage: FetchImage;
  /** Nothing where nothing is measured. */
  readonly metrics: Metrics | undefined;
  readonly readiness: Readiness;
  /** Whether keys are asked for. */
  readonly guarded: boolean;
  /** Of this program. */
  readonly version: string;
}

/** Every resource of the interface. */
const resources: readonly ((parts: RouteParts) => readonly Route[])[] = [
  createCollectionRoutes,
  createItemRoutes,
  createClusterRoutes,
  createSearchRoutes,
  createClusterItemsRoutes,
  createModelRoutes,
  createEvaluationRoutes,
  createDuplicateRoutes,
  createJobRoutes,
  createOperatingRoutes,
];

export const createRoutes = (parts: RouteParts): Route[] => resources.flatMap(create => create(parts));
