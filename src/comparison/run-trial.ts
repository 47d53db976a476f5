import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { emptySet, type ReadTrainingSet } from '../datasets/training-set.js';
import { MedoidError } from '../errors.js';
import { type EmbeddingQuality, evaluateEmbeddings } from '../evaluation/evaluate-embeddings.js';
import type { VectorBlock } from '../math/vectors.js';
import { fitNetwork } from '../train/fit-network.js';
import type { NetworkSource } from '../train/networks/network.js';
import { checkpointOf } from '../train/run-files.js';
import type { TrainingSettings } from '../train/settings.js';
import { embedSet } from '../train/validate.js';
import type { Quality, TrialResult, TrialStore } from './trial-store.js';

/** Goes up when the same settings come to mean other numbers: results from before are not taken for new ones. */
const version = 1;

export interface Trial {
  readonly network: NetworkSource;
  readonly settings: TrainingSettings;
  readonly training: ReadTrainingSet;
  /** Examples of classes that are not trained on. */
  readonly measured: ReadTrainingSet;
}

export interface TrialContext {
  readonly store: TrialStore;
  /** Values of K of Recall@K. */
  readonly ks: readonly number[];
  readonly signal: AbortSignal;
  readonly report: (line: string) => void;
}

const qualityOf = ({ nmi, f1, ami, rPrecision, mapAtR, recallAt }: EmbeddingQuality): Quality => ({
  ...{ nmi: nmi.geometric, f1, ami, rPrecision, mapAtR, recallAt },
});

/** @param block unit vectors of the examples of `measured`, in order: [examples, dimension] */
export async function measure(
  block: VectorBlock,
  measured: ReadTrainingSet,
  { ks, signal }: Pick<TrialContext, 'ks' | 'signal'>,
): Promise<Quality> {
  return qualityOf(await evaluateEmbeddings(block, measured.set.labels, { ks, seed: 0, signal }));
}

/** Measured apart: what is measured must not decide anything. */
const noValidation = { set: emptySet, sha256: '' };

/**
 * Trains once and measures what came of it; a trial that was done before is looked up, one that was stopped goes on.
 * @throws MedoidError `interrupted`
 */
export async function runTrial(trial: Trial, context: TrialContext): Promise<TrialResult> {
  const { network: source, settings, training, measured } = trial;
  const { store, ks, signal, report } = context;
  const identity = { version, settings, training: training.sha256, measured: measured.sha256, ks };
  const known = await store.find(identity);
  if (known !== undefined) return known;
  const runDirectory = store.runDirectoryOf(identity);
  const finish = async (result: TrialResult): Promise<TrialResult> => {
    await store.save(identity, result);
    await rm(runDirectory, { recursive: true, force: true });
    return result;
  };
  try {
    const { network, progress, completed } = await fitNetwork({
      ...{ settings, network: source, training, validation: noValidation, runDirectory, signal },
      resume: existsSync(checkpointOf(runDirectory)),
      onEpoch: ({ epoch, loss, imagesPerSecond, warnings }) => {
        report(`  epoch ${epoch}: loss ${loss.toPrecision(4)}, ${imagesPerSecond.toFixed(0)} images/s`);
        for (const warning of warnings) report(`  ${warning}`);
      },
    });
    try {
      if (!completed) throw new MedoidError('interrupted', 'stopped on request; the same command goes on');
      const block = await embedSet(network, measured.set, settings.dimension);
      const quality = await measure(block, measured, { ks, signal });
      const seconds = progress.history.reduce((sum, epoch) => sum + epoch.seconds, 0);
      return await finish({ quality, seconds, steps: progress.step });
    } finally {
      await network.close();
    }
  } catch (error) {
    if (!(error instanceof MedoidError) || error.code !== 'training-diverged') throw error;
    return finish({ quality: null, seconds: 0, steps: 0 });
  }
}
