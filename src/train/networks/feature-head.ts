import { tfl } from '../tf.js';
import { NetworkBuilder, type NetworkSource } from './network.js';

export interface Features {
  /** Identity of the network they are of. */
  readonly extractor: string;
  /** Their length. */
  readonly dimension: number;
  /** How many of each picture training draws from. */
  readonly views: number;
}

export const featureHeadName = 'feature-head';

/** `--backbone`: only a head, on the features of a frozen network. */
export const featureHead = (features: Features): NetworkSource => ({
  settings: { name: featureHeadName, options: { ...features } },
  build: async shape => {
    const input = tfl.input({ shape: [features.dimension], name: 'features' });
    const embedding = new NetworkBuilder(shape.seed).head(input, shape);
    return tfl.model({ inputs: input, outputs: embedding, name: featureHeadName });
  },
});
