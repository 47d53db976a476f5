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
export const checkpointOf = (out: string): string => join(runDirectoryOf(out), 'checkpoint.safetensors');
const bestWeightsOf = (out: string): string => join(runDirectoryOf(out), 'best.safetensors');

/** A run as its files see it. */
export interface Run {
  /** Model directory that is written in the end. */
  readonly out: string;
  readonly learnt: Learnt;
  readonly identity: TrainingIdentity;
  /** Names of the loss's terms. */
  readonly terms: readonly string[];
}

const bestOf = ({ out, identity: { settings } }: Run, progress: TrainingProgress) => ({
  ...{ path: bestWeightsOf(out), settings, progress },
});

/** Makes the folder of a run and puts what was learnt where the run stands. @throws MedoidError `invalid-checkpoint` */
export async function startRun(run: Run, { resume }: { resume: boolean }): Promise<TrainingProgress> {
  const { out, learnt, identity } = run;
  await mkdir(runDirectoryOf(out), { recursive: true });
  if (!resume) return { step: 0, sums: emptySums(), history: [] };
  const progress = await restoreCheckpoint(checkpointOf(out), learnt, identity);
  await keepBestWeights(learnt.network, bestOf(run, progress));
  // Said now, not in the end, should they be lost.
  await loadBestWeights(bestOf(run, progress));
  return progress;
}

export async function saveRun(run: Run, progress: TrainingProgress): Promise<void> {
  const { out, learnt, identity, terms } = run;
  await saveCheckpoint(checkpointOf(out), learnt, { ...identity, progress });
  await keepBestWeights(learnt.network, bestOf(run, progress));
  await saveMetricsLog(runDirectoryOf(out), progress.history, terms);
}

/** Gives the network the weights that become the model: the best ones, where they are kept. @throws as `startRun` */
export async function takeBestWeights(run: Run, progress: TrainingProgress): Promise<void> {
  const best = await loadBestWeights(bestOf(run, progress));
  if (best !== undefined) run.learnt.network.setWeights(best);
}
