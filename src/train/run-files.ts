import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { keepBestWeights, loadBestWeights } from './best-weights.js';
import {
  emptySums,
  type Learnt,
  restoreCheckpoint,
  saveCheckpoint,
  type TrainingIdentity,
  type TrainingProgress,
} from './checkpoint.js';
import { saveMetricsLog } from './metrics-log.js';

/** Where a run keeps its checkpoint, its best weights and its logs, beside the model directory it will write. */
export const runDirectoryOf = (out: string): string => `${resolve(out)}.training`;
export const checkpointOf = (directory: string): string => join(directory, 'checkpoint.safetensors');
export const bestWeightsOf = (directory: string): string => join(directory, 'best.safetensors');

/** A run as its files see it. */
export interface Run {
  /** As `runDirectoryOf` says, or any other. */
  readonly directory: string;
  readonly learnt: Learnt;
  readonly identity: TrainingIdentity;
  /** Names of the loss's terms. */
  readonly terms: readonly string[];
}

const bestOf = ({ directory, identity: { settings } }: Run, progress: TrainingProgress) => ({
  ...{ path: bestWeightsOf(directory), settings, progress },
});

/** Makes the folder of a run and puts what was learnt where the run stands. @throws MedoidError `invalid-checkpoint` */
export async function startRun(run: Run, { resume }: { resume: boolean }): Promise<TrainingProgress> {
  const { directory, learnt, identity } = run;
  await mkdir(directory, { recursive: true });
  if (!resume) return { step: 0, sums: emptySums(), history: [] };
  const progress = await restoreCheckpoint(checkpointOf(directory), learnt, identity);
  await keepBestWeights(learnt.network, bestOf(run, progress));
  // Said now, not in the end, should they be lost.
  await loadBestWeights(bestOf(run, progress));
  return progress;
}

export async function saveRun(run: Run, progress: TrainingProgress): Promise<void> {
  const { directory, learnt, identity, terms } = run;
  await saveCheckpoint(checkpointOf(directory), learnt, { ...identity, progress });
  await keepBestWeights(learnt.network, bestOf(run, progress));
  await saveMetricsLog(directory, progress.history, terms);
}

/** Gives the network the weights that become the model: the best ones, where they are kept. @throws as `startRun` */
export async function takeBestWeights(run: Run, progress: TrainingProgress): Promise<void> {
  const best = await loadBestWeights(bestOf(run, progress));
  if (best !== undefined) run.learnt.network.setWeights(best);
}
