import type { Router } from 'express';
import type { Gallery } from '../../gallery/gallery.js';
import { createCollectionRoutes } from './collections.js';
import { createHealthRoutes } from './health.js';
import { createItemRoutes } from './items.js';
import { createPageRoutes } from './page.js';
import { createSearchRoutes } from './search.js';

/** What routes are made of. */
export interface RouteParts {
  readonly gallery: Gallery;
  /** Folder with the built page. */
  readonly webDirectory: string;
  readonly maxImageBytes: number;
}

/** Every resource; they are apart in their paths, so the order does not matter. */
export const routes: readonly ((parts: RouteParts) => Router)[] = [
  createHealthRoutes,
  createCollectionRoutes,
  createItemRoutes,
  createSearchRoutes,
  createPageRoutes,
];
