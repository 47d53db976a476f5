import { catalogFile } from './catalog-file.js';
import type { DoctorCheck } from './check.js';
import { clusters } from './clusters.js';
import { imageFiles } from './image-files.js';
import { images } from './images.js';
import { indexes } from './indexes.js';
import { jobs } from './jobs.js';
import { keys } from './keys.js';
import { links } from './links.js';
import { models } from './models.js';
import { rows } from './rows.js';
import { vectors } from './vectors.js';

/** In the order in which they check and mend: each needs what those before it have mended. */
export const doctorChecks: readonly DoctorCheck[] = [
  catalogFile,
  rows,
  links,
  clusters,
  jobs,
  images,
  imageFiles,
  models,
  vectors,
  indexes,
  keys,
];
