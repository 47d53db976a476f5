import { isOfHead } from './networks/network.js';
import type { Optimizer } from './optimizers/optimizer.js';
import type { NamedTensor } from './safetensors.js';
import { type Tensor, tf, type tfl } from './tf.js';

export interface UpdateRates {
  /** Of the weights that are not the head's. */
  readonly learningRate: number;
  /** Learning rate of the head as a multiple. */
  readonly headLearningRateFactor: number;
  /** Of kernels only; shifts, scales and biases are left alone. */
  readonly weightDecay: number;
  /** Longest gradient of all weights together, L2; 0 = no limit. */
  readonly clipNorm: number;
}

interface Entry {
  readonly weight: tfl.LayerVariable;
  readonly memory: tf.Variable[];
}

const isKernel = ({ shape }: tfl.LayerVariable): boolean => shape.length > 1;

const isHead = ({ originalName }: tfl.LayerVariable): boolean => isOfHead(originalName);

/** The largest factor up to 1 with which all gradients together are at most `clipNorm` long. */
function clipFactor(gradients: readonly Tensor[], clipNorm: number): number {
  if (clipNorm === 0) return 1;
  const squares = gradients.map(gradient => tf.sum(tf.square(gradient)).dataSync()[0]);
  const norm = Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
  return norm > clipNorm ? clipNorm / norm : 1;
}

/** Moves weights by an optimiser's rule and keeps what the rule remembers of each. Owns those tensors. */
export class WeightUpdater {
  private readonly entries: readonly Entry[];
  private step = 0;

  constructor(
    private readonly optimizer: Optimizer,
    weights: readonly tfl.LayerVariable[],
  ) {
    this.entries = weights.map(weight => ({
      weight,
      memory: optimizer.memory.map(() =>
        tf.tidy(() => tf.variable(tf.zeros(weight.shape as number[]), false)),
      ),
    }));
  }

  /** @param gradients by the name of the weight's variable; the caller's to dispose of */
  update(gradients: tf.NamedTensorMap, rates: UpdateRates): void {
    this.step++;
    const factor = clipFactor(Object.values(gradients), rates.clipNorm);
    for (const entry of this.entries) {
      const gradient = gradients[entry.weight.name];
      tf.tidy(() => this.updateOne(entry, factor === 1 ? gradient : tf.mul(gradient, factor), rates));
    }
  }

  /** What is remembered of each weight, and the steps done. */
  state(): NamedTensor[] {
    const memories = this.entries.flatMap(({ weight, memory }) =>
      memory.map((tensor, i) => ({
        name: `${weight.originalName}/${this.optimizer.memory[i]}`,
        shape: tensor.shape,
        data: tensor.dataSync<'float32'>().slice(),
      })),
    );
    return [{ name: 'steps', shape: [1], data: Float32Array.of(this.step) }, ...memories];
  }

  /** @param state as `state()` gave it; anything else is refused */
  setState(state: readonly NamedTensor[]): void {
    const byName = new Map(state.map(tensor => [tensor.name, tensor]));
    for (const { name, shape } of this.state()) {
      const saved = byName.get(name);
      if (String(saved?.shape) !== String(shape)) {
        throw new Error(`expected optimiser memory ${name} [${shape}], got [${saved?.shape ?? 'nothing'}]`);
      }
    }
    const dataOf = (name: string): Float32Array => byName.get(name)?.data as Float32Array;
    [this.step] = dataOf('steps');
    for (const { weight, memory } of this.entries) {
      for (const [i, variable] of memory.entries()) {
        const data = dataOf(`${weight.originalName}/${this.optimizer.memory[i]}`);
        tf.tidy(() => variable.assign(tf.tensor(data, variable.shape)));
      }
    }
  }

  close(): void {
    for (const { memory } of this.entries) tf.dispose(memory);
  }

  private updateOne(
    { weight, memory }: Entry,
    clipped: Tensor,
    { learningRate, headLearningRateFactor, weightDecay }: UpdateRates,
  ): void {
    const rate = learningRate * (isHead(weight) ? headLearningRateFactor : 1);
    const decay = isKernel(weight) ? weightDecay : 0;
    const { decoupledDecay } = this.optimizer;
    const value = weight.read();
    const gradient = decay === 0 || decoupledDecay ? clipped : tf.add(clipped, tf.mul(value, decay));
    const { change, memory: next } = this.optimizer.change({
      ...{ gradient, learningRate: rate, memory, step: this.step },
    });
    const kept = decay === 0 || !decoupledDecay ? value : tf.mul(value, 1 - rate * decay);
    weight.write(tf.sub(kept, change));
    for (const [i, variable] of memory.entries()) variable.assign(next[i]);
  }
}
