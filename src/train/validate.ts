import type { TrainingSet } from '../datasets/training-set.js';
import { embeddingSpread } from '../math/embedding-spread.js';
import { createRandom } from '../math/random.js';
import { evaluateRetrieval } from '../math/retrieval-metrics.js';
import { normalise, rowOf, stackVectors, type VectorBlock } from '../math/vectors.js';
import { inBatches, workAhead } from '../work-ahead.js';
import type { EpochMetrics } from './checkpoint.js';
import type { EmbeddingNetwork } from './embedding-network.js';
import type { SpreadRoom } from './find-collapse.js';
import type { TrainingSettings } from './settings.js';

const embeddedAtOnce = 64;

/** The spread is of at most this many images: the same ones after each epoch. */
const mostForSpread = 256;

interface Validated {
  readonly settings: TrainingSettings;
  readonly network: EmbeddingNetwork;
  /** That it is trained on. */
  readonly training: TrainingSet;
  /** Of classes that it is not trained on; may be empty. */
  readonly validation: TrainingSet;
}

export interface Validation
  extends Pick<EpochMetrics, 'recallAt1' | 'mapAtR' | 'meanDistance' | 'effectiveRank'>,
    Pick<SpreadRoom, 'directions'> {}

/** Some of the numbers from 0 up to `count`, ascending. */
function drawSample(count: number, seed: string): number[] {
  const numbers = Array.from({ length: count }, (_, i) => i);
  if (count <= mostForSpread) return numbers;
  const drawn = createRandom(seed).shuffle(numbers).slice(0, mostForSpread);
  return drawn.sort((a, b) => a - b);
}

/** Embeds with the network as it is in training: [numbers, dimension]. */
async function embedSome(
  network: EmbeddingNetwork,
  { numbers, dimension }: { readonly numbers: readonly number[]; readonly dimension: number },
  load: (batch: number[]) => Promise<Float32Array>,
): Promise<VectorBlock> {
  const data = new Float32Array(numbers.length * dimension);
  let offset = 0;
  for await (const [, input] of workAhead(inBatches(numbers, embeddedAtOnce), load)) {
    const block = network.embed(input);
    data.set(block.data, offset);
    offset += block.data.length;
  }
  return { data, count: numbers.length, dimension };
}

/** Inputs that are vectors themselves, the features of a frozen network, to unit length: [examples, features]. */
export async function unitFeatures({ labels, load }: TrainingSet): Promise<VectorBlock> {
  const count = labels.length;
  const data = await load(Array.from(labels.keys()));
  const block = { data, count, dimension: data.length / count };
  for (let i = 0; i < count; i++) normalise(rowOf(block, i));
  return block;
}

/** Embeds a whole set with the network as it is in training, centre crop: [examples, dimension]. */
export const embedSet = (
  network: EmbeddingNetwork,
  { labels, load }: TrainingSet,
  dimension: number,
): Promise<VectorBlock> =>
  embedSome(network, { numbers: Array.from(labels.keys()), dimension }, batch => load(batch));

function spreadOf(block: VectorBlock, labels: readonly number[], seed: string) {
  const { meanDistance, effectiveRank } = embeddingSpread(block, { seed });
  const directions = Math.min(block.dimension, block.count - 1, new Set(labels).size - 1);
  return { meanDistance, effectiveRank, directions };
}

/**
 * What the present weights are worth: retrieval among the held-out classes, centre crop, and how the embeddings are
 * spread, of a sample of those images. Without any held out, the spread is of training images and the rest null.
 */
export async function validate(validated: Validated): Promise<Validation> {
  const { settings, network, training, validation } = validated;
  const { dimension } = settings;
  const seed = `${settings.seed}/spread`;
  const count = validation.labels.length;
  const { labels } = count === 0 ? training : validation;
  const sample = drawSample(labels.length, seed);
  const sampleLabels = sample.map(image => labels[image]);
  if (count === 0) {
    // Varied, as training images are kept too large for a centre crop; by the same draw after each epoch.
    const load = (batch: number[]) => training.loadVaried(batch, `${seed}/${batch[0]}`);
    const block = await embedSome(network, { numbers: sample, dimension }, load);
    return { recallAt1: null, mapAtR: null, ...spreadOf(block, sampleLabels, seed) };
  }
  const block = await embedSet(network, validation, dimension);
  const { recallAt, mapAtR } = await evaluateRetrieval(block, labels, { ks: [1] });
  const rows = stackVectors(
    sample.map(row => rowOf(block, row)),
    block.dimension,
  );
  return { recallAt1: recallAt[1], mapAtR, ...spreadOf(rows, sampleLabels, seed) };
}
