import { join } from 'node:path';
import { csvText } from '../csv-text.js';
import { replaceFile } from '../durable-file.js';
import type { EpochMetrics } from './checkpoint.js';

/** The columns of `metrics.csv`, in the order of a line of `metrics.jsonl`. @param terms names of the loss's terms */
function tableOf(history: readonly EpochMetrics[], terms: readonly string[]) {
  const header = [
    ...['epoch', 'steps', 'loss', ...terms, 'learningRate', 'recallAt1', 'mapAtR'],
    ...['meanDistance', 'effectiveRank', 'imagesPerSecond', 'seconds', 'warnings'],
  ];
  const rows = history.map(metrics => [
    ...[metrics.epoch, metrics.steps, metrics.loss],
    ...terms.map(term => metrics.terms[term] ?? null),
    ...[metrics.learningRate, metrics.recallAt1, metrics.mapAtR],
    ...[metrics.meanDistance, metrics.effectiveRank, metrics.imagesPerSecond, metrics.seconds],
    metrics.warnings.join(' '),
  ]);
  return [header, ...rows];
}

/**
 * Writes every epoch so far into `metrics.jsonl` and `metrics.csv` of a folder, each whole or not at all.
 * @param terms names of the loss's terms, a column each
 */
export async function saveMetricsLog(
  directory: string,
  history: readonly EpochMetrics[],
  terms: readonly string[],
): Promise<void> {
  const lines = history.map(metrics => `${JSON.stringify(metrics)}\n`);
  await replaceFile(join(directory, 'metrics.jsonl'), lines.join(''));
  await replaceFile(join(directory, 'metrics.csv'), csvText(tableOf(history, terms)));
}
