import type { WaitingJob } from '../../catalog/catalog-snapshot.js';
import { findJobKind } from '../jobs/index.js';

/** Hashes of the stored images that a job needs until it has ended; none of a kind that only a newer program knows. */
export const neededByJob = ({ kind, input }: WaitingJob): readonly string[] =>
  findJobKind(kind)?.imagesOf(input) ?? [];
