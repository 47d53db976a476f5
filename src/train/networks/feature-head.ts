import { tfl } from '../tf.js';
import { NetworkBuilder, type NetworkSource } from './network.js';

/** `--backbone`: only a head, on the features of a frozen network. @param extractor its identity @param features their length */
export const featureHead = (extractor: string, features: number): NetworkSource => ({
  settings: { name: 'feature-head', options: { extractor, features } },
  build: async shape => {
    const input = tfl.input({ shape: [features], name: 'features' });
    const embedding = new NetworkBuilder(shape.seed).head(input, shape);
    return tfl.model({ inputs: input, outputs: embedding, name: 'feature-head' });
  },
});
