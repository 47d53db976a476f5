import { createRandom } from '../math/random.js';
import { isFiniteVector, normalise, rowOf, type VectorBlock } from '../math/vectors.js';
import type { NamedTensor } from './safetensors.js';

export interface ClassVectorsShape {
  readonly classes: number;
  readonly dimension: number;
  readonly seed: number;
  /** Their learning rate as a multiple of the network's. */
  readonly learningRateFactor: number;
}

const decay = 0.9;
const epsilon = 1e-7;

/**
 * One vector a training class, learnt beside the network by a loss that wants some: saved in checkpoints, exported
 * never. They and their RMSProp (the network's: decay 0.9, no momentum) are plain numbers, as the losses are.
 */
export class ClassVectors {
  /** [classes, dimension] */
  readonly block: VectorBlock;
  private readonly meanSquares: Float32Array;
  private readonly learningRateFactor: number;

  /** They start as random directions of unit length. */
  constructor({ classes, dimension, seed, learningRateFactor }: ClassVectorsShape) {
    const random = createRandom(`${seed}/class-vectors`);
    const data = Float32Array.from({ length: classes * dimension }, () => random.normal());
    this.block = { data, count: classes, dimension };
    for (let c = 0; c < classes; c++) normalise(rowOf(this.block, c));
    this.meanSquares = new Float32Array(data.length);
    this.learningRateFactor = learningRateFactor;
  }

  /** One step of RMSProp. @param gradient [classes, dimension] @param learningRate the network's */
  step(gradient: Float32Array, learningRate: number): void {
    const { data } = this.block;
    const rate = learningRate * this.learningRateFactor;
    for (let k = 0; k < data.length; k++) {
      this.meanSquares[k] = decay * this.meanSquares[k] + (1 - decay) * gradient[k] ** 2;
      data[k] -= (rate * gradient[k]) / Math.sqrt(this.meanSquares[k] + epsilon);
    }
  }

  isFinite(): boolean {
    return isFiniteVector(this.block.data);
  }

  /** The vectors and the memory of their RMSProp. */
  state(): NamedTensor[] {
    const shape = [this.block.count, this.block.dimension];
    return [
      { name: 'vectors', shape, data: this.block.data },
      { name: 'meanSquares', shape, data: this.meanSquares },
    ];
  }

  /** @param state as `state()` gave it; of another shape it is refused */
  setState(state: readonly NamedTensor[]): void {
    for (const { name, shape, data } of this.state()) {
      const saved = state.find(tensor => tensor.name === name);
      if (saved === undefined || String(saved.shape) !== String(shape)) {
        throw new Error(`expected class ${name} [${shape}], got [${saved?.shape ?? 'nothing'}]`);
      }
      data.set(saved.data);
    }
  }
}
