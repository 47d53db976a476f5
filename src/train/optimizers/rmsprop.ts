import { z } from 'zod';
import { tf } from '../tf.js';
import { defineOptimizer } from './optimizer.js';

const options = z.strictObject({
  decay: z.number().min(0).lt(1).default(0.9).describe('how much of the mean square is kept each step'),
  epsilon: z.number().gt(0).default(1e-7).describe('added to the mean square'),
});

/** v ← d·v + (1 − d)·g²; w ← w − lr·g / √(v + ε). The paper's. */
export const rmsprop = defineOptimizer({
  name: 'rmsprop',
  summary: 'RMSProp (Hinton 2012), the paper’s: each gradient by the root of its running mean square',
  options,
  create: ({ decay, epsilon }) => ({
    memory: ['meanSquare'],
    decoupledDecay: false,
    change: ({ gradient, learningRate, memory: [before] }) => {
      const meanSquare = tf.add(tf.mul(before, decay), tf.mul(tf.square(gradient), 1 - decay));
      const change = tf.div(tf.mul(gradient, learningRate), tf.sqrt(tf.add(meanSquare, epsilon)));
      return { change, memory: [meanSquare] };
    },
  }),
});
