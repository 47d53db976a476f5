import { z } from 'zod';
import { tf } from '../tf.js';
import { defineOptimizer, type Optimizer } from './optimizer.js';

const options = z.strictObject({
  beta1: z.number().min(0).lt(1).default(0.9).describe('how much of the mean gradient is kept each step'),
  beta2: z.number().min(0).lt(1).default(0.999).describe('how much of the mean square is kept each step'),
  epsilon: z.number().gt(0).default(1e-8).describe('added to the root of the mean square'),
});

/** m ← β₁m + (1 − β₁)g; v ← β₂v + (1 − β₂)g²; w ← w − lr·m̂ / (√v̂ + ε), m̂ = m/(1 − β₁ᵗ), v̂ = v/(1 − β₂ᵗ). */
const createAdam = (
  { beta1, beta2, epsilon }: z.output<typeof options>,
  decoupledDecay: boolean,
): Optimizer => ({
  memory: ['mean', 'meanSquare'],
  decoupledDecay,
  change: ({ gradient, learningRate, memory: [meanBefore, meanSquareBefore], step }) => {
    const mean = tf.add(tf.mul(meanBefore, beta1), tf.mul(gradient, 1 - beta1));
    const meanSquare = tf.add(tf.mul(meanSquareBefore, beta2), tf.mul(tf.square(gradient), 1 - beta2));
    const root = tf.sqrt(tf.div(meanSquare, 1 - beta2 ** step));
    const change = tf.div(tf.mul(mean, learningRate / (1 - beta1 ** step)), tf.add(root, epsilon));
    return { change, memory: [mean, meanSquare] };
  },
});

export const adam = defineOptimizer({
  name: 'adam',
  summary: 'Adam (Kingma & Ba 2015); weight decay is L2 regularisation',
  options,
  create: given => createAdam(given, false),
});

export const adamw = defineOptimizer({
  name: 'adamw',
  summary: 'Adam with decoupled weight decay (Loshchilov & Hutter 2019)',
  options,
  create: given => createAdam(given, true),
});
