import { z } from 'zod';
import { MedoidError } from '../errors.js';
import type { TrainingProgress } from './checkpoint.js';
import { exportedEpochOf } from './early-stopping.js';
import type { EmbeddingNetwork } from './embedding-network.js';
import { loadTensors, type NamedTensor, saveTensors } from './safetensors.js';
import type { TrainingSettings } from './settings.js';

const metadataSchema = z.strictObject({ format: z.literal('medoid-best-weights-1'), epoch: z.string() });

/** What decides whether there are best weights to keep, and where they are kept. */
export interface BestWeightsRequest {
  readonly path: string;
  readonly settings: TrainingSettings;
  readonly progress: TrainingProgress;
}

/**
 * Writes the weights of a network that stands at the end of the best epoch so far; otherwise, and without a patience,
 * nothing. Called after the checkpoint was saved and again when one was restored, so that a kill in between loses none.
 */
export async function keepBestWeights(
  network: EmbeddingNetwork,
  { path, settings, progress }: BestWeightsRequest,
): Promise<void> {
  const { history, sums } = progress;
  const best = exportedEpochOf(history, settings);
  const isBest = best !== undefined && best === history.at(-1) && sums.steps === 0;
  if (settings.patience === 0 || !isBest) return;
  const metadata = { format: 'medoid-best-weights-1', epoch: String(best.epoch) };
  await saveTensors(path, { tensors: network.weights(), metadata });
}

/**
 * The weights of the best epoch so far; undefined without a patience, or before the first epoch's end.
 * @throws MedoidError `invalid-checkpoint` when the file is missing, damaged or of another epoch
 */
export async function loadBestWeights({
  path,
  settings,
  progress,
}: BestWeightsRequest): Promise<readonly NamedTensor[] | undefined> {
  const best = exportedEpochOf(progress.history, settings);
  if (settings.patience === 0 || best === undefined) return undefined;
  const { tensors, metadata } = await loadTensors(path);
  const parsed = metadataSchema.safeParse(metadata);
  if (parsed.success && parsed.data.epoch === String(best.epoch)) return tensors;
  throw new MedoidError(
    'invalid-checkpoint',
    `${path}: expected the weights of epoch ${best.epoch}, got those of epoch ${metadata.epoch ?? 'nothing known'}`,
  );
}
