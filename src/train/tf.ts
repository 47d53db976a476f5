/** The one file that imports TensorFlow.js; everything else in `train/` takes it from here. */
import * as tf from '@tensorflow/tfjs-core';
import * as tfl from '@tensorflow/tfjs-layers';

export type { Scalar, Tensor, Tensor4D } from '@tensorflow/tfjs-core';
export type { LayersModel, SymbolicTensor } from '@tensorflow/tfjs-layers';
export { tf, tfl };

/** Installed by the user, if at all; the others come with this package. */
export const nativePackages = {
  'node-gpu': '@tensorflow/tfjs-node-gpu',
  node: '@tensorflow/tfjs-node',
} as const;

/** Loads the package of an engine, which registers its backend. */
export const importBackend = (engine: 'node-gpu' | 'node' | 'wasm' | 'cpu'): Promise<unknown> => {
  if (engine === 'wasm') return import('@tensorflow/tfjs-backend-wasm');
  if (engine === 'cpu') return import('@tensorflow/tfjs-backend-cpu');
  const packageName: string = nativePackages[engine];
  return import(packageName);
};
