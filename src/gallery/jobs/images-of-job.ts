import type { WaitingJob } from '../../catalog/catalog-snapshot.js';
import { MedoidError } from '../../errors.js';
import { findJobKind } from './index.js';

/**
 * Hashes of the stored images that a job needs until it has ended; none of a kind that only a newer program knows, or of
 * one that cannot be done, as what it was given is not understood.
 */
export function imagesOfJob({ kind: name, input }: Pick<WaitingJob, 'kind' | 'input'>): readonly string[] {
  const kind = findJobKind(name);
  if (kind === undefined) return [];
  try {
    return kind.imagesOf(kind.parse(input));
  } catch (error) {
    if (error instanceof MedoidError && error.code === 'invalid-request') return [];
    throw error;
  }
}
