import type { Dataset } from '../datasets/dataset.js';
import { MedoidError } from '../errors.js';
import type { EpochMetrics } from './checkpoint.js';
import type { TrainingSettings } from './settings.js';

type Stopping = Pick<TrainingSettings, 'patience' | 'monitor'>;

const monitored = ({ recallAt1, mapAtR }: EpochMetrics, monitor: Stopping['monitor']): number =>
  (monitor === 'map-at-r' ? mapAtR : recallAt1) ?? Number.NEGATIVE_INFINITY;

/** The epoch with the highest monitored value, of equals the first; undefined before the first epoch's end. */
function bestEpochOf(
  history: readonly EpochMetrics[],
  monitor: Stopping['monitor'],
): EpochMetrics | undefined {
  const values = history.map(metrics => monitored(metrics, monitor));
  return history[values.indexOf(Math.max(...values))];
}

/** Whether the monitored value has not risen for `patience` epochs; with a patience of 0 it never has to. */
export function hasStalled(history: readonly EpochMetrics[], { patience, monitor }: Stopping): boolean {
  const best = bestEpochOf(history, monitor);
  return patience > 0 && best !== undefined && history.length - 1 - history.indexOf(best) >= patience;
}

/** The epoch whose weights become the model: the best of a run that may stop early, else the last. */
export const exportedEpochOf = (
  history: readonly EpochMetrics[],
  { patience, monitor }: Stopping,
): EpochMetrics | undefined => (patience > 0 ? bestEpochOf(history, monitor) : history.at(-1));

/**
 * Stopping early is decided by images of unseen classes that find others of their class.
 * @throws MedoidError `invalid-option`
 */
export function requireMonitored({ examples }: Dataset, { patience }: Stopping): void {
  const labels = new Set(examples.map(({ label }) => label));
  if (patience === 0 || labels.size < examples.length) return;
  throw new MedoidError(
    'invalid-option',
    `--patience: expected held-out classes with 2 images of some, got ${examples.length} images of ${labels.size} ` +
      'classes; see --validation-share',
    { field: 'patience' },
  );
}
