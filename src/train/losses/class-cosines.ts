import { dotProducts } from '../../math/pair-gradients.js';
import type { VectorBlock } from '../../math/vectors.js';
import type { LossContext } from './loss.js';

/** s_ic = f_i · w_c/‖w_c‖ of embeddings and class vectors, with the way back. */
export interface ClassCosines {
  /** [m, classes] */
  readonly cosines: Float64Array;
  readonly classes: number;
  /** @param slopes ∂ℓ/∂s: [m, classes] */
  gradients(slopes: Float64Array): { readonly gradient: Float32Array; readonly classGradient: Float32Array };
}

/** Lengths of the rows; a zero row has length ∞, so that what is divided by it is 0: it is near to nothing. */
const lengthsOf = (rows: VectorBlock): Float64Array =>
  Float64Array.from({ length: rows.count }, (_, c) => {
    let sum = 0;
    for (let d = 0; d < rows.dimension; d++) sum += rows.data[c * rows.dimension + d] ** 2;
    return sum === 0 ? Number.POSITIVE_INFINITY : Math.sqrt(sum);
  });

/** Class vectors count by their direction only: they are normalised here, and the gradient goes through that. */
export function classCosines(batch: VectorBlock, { classVectors }: LossContext): ClassCosines {
  if (classVectors === undefined) throw new Error('expected a vector for each class, got none');
  const { count: classes } = classVectors;
  const lengths = lengthsOf(classVectors);
  const cosines = dotProducts(batch, classVectors);
  for (let k = 0; k < cosines.length; k++) cosines[k] /= lengths[k % classes];

  return {
    cosines,
    classes,
    gradients: slopes => backward({ batch, classVectors, cosines, lengths }, slopes),
  };
}

interface Forward {
  readonly batch: VectorBlock;
  readonly classVectors: VectorBlock;
  readonly cosines: Float64Array;
  readonly lengths: Float64Array;
}

function backward({ batch, classVectors, cosines, lengths }: Forward, slopes: Float64Array) {
  const { data: embeddings, count, dimension } = batch;
  const { data: vectors, count: classes } = classVectors;
  const gradient = new Float64Array(embeddings.length);
  const classGradient = new Float64Array(vectors.length);
  for (let c = 0; c < classes; c++) {
    const b = c * dimension;
    let along = 0;
    for (let i = 0; i < count; i++) {
      const a = i * dimension;
      const slope = slopes[i * classes + c] / lengths[c];
      along += slope * cosines[i * classes + c];
      for (let d = 0; d < dimension; d++) {
        gradient[a + d] += slope * vectors[b + d];
        classGradient[b + d] += slope * embeddings[a + d];
      }
    }
    // ∂s/∂w = (f − s · w/‖w‖) / ‖w‖: along its own direction a class vector is free.
    for (let d = 0; d < dimension; d++) classGradient[b + d] -= (along * vectors[b + d]) / lengths[c];
  }
  return { gradient: Float32Array.from(gradient), classGradient: Float32Array.from(classGradient) };
}
