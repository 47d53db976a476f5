import util from 'node:util';
import { MedoidError, messageOf } from '../errors.js';
import { importBackend, nativePackages, tf } from './tf.js';
import { registerWasmGradientKernels } from './wasm-kernels.js';

/** `onnx` is ONNX Runtime for the gradients, beside WebAssembly for all else (`choose-engine.ts`). */
export const engineNames = ['auto', 'node-gpu', 'node', 'onnx', 'wasm', 'cpu'] as const;
export type EngineName = (typeof engineNames)[number];
type Backend = Exclude<EngineName, 'auto' | 'onnx'>;

/** Node ≥ 23 no longer has the two functions that tfjs-node 4.22 calls. */
function restoreRemovedNodeFunctions(): void {
  Object.assign(util, {
    isNullOrUndefined: (value: unknown) => value === null || value === undefined,
    isArray: Array.isArray,
  });
}

const isMissing = (error: unknown, packageName: string): boolean =>
  error instanceof Error &&
  'code' in error &&
  (error.code === 'ERR_MODULE_NOT_FOUND' || error.code === 'MODULE_NOT_FOUND') &&
  error.message.includes(packageName);

async function tryNativeEngine(name: keyof typeof nativePackages): Promise<boolean> {
  const packageName = nativePackages[name];
  restoreRemovedNodeFunctions();
  try {
    await importBackend(name);
  } catch (error) {
    if (isMissing(error, packageName)) return false;
    throw new MedoidError(
      'engine-unavailable',
      `${packageName} is installed but fails: ${messageOf(error)}`,
      {
        cause: error,
      },
    );
  }
  return tf.setBackend('tensorflow');
}

/**
 * Makes a backend of TensorFlow.js ready and answers its name.
 * @param wanted `auto` for the fastest present: `@tensorflow/tfjs-node-gpu`, `@tensorflow/tfjs-node` (both installed
 *   by the user), else WebAssembly, which gets the convolution gradients it lacks from `wasm-kernels.ts`
 * @throws MedoidError `engine-unavailable` when the wanted one is not installed or does not start
 */
export async function loadEngine(wanted: Backend | 'auto' = 'auto'): Promise<Backend> {
  tf.enableProdMode();
  const engine = await pickEngine(wanted);
  await tf.ready();
  return engine;
}

async function pickEngine(wanted: Backend | 'auto'): Promise<Backend> {
  for (const native of ['node-gpu', 'node'] as const) {
    if ((wanted === native || wanted === 'auto') && (await tryNativeEngine(native))) return native;
  }
  if (wanted === 'node-gpu' || wanted === 'node') {
    throw new MedoidError(
      'engine-unavailable',
      `expected ${nativePackages[wanted]} to be installed beside medoid; install it with npm, or use --engine wasm`,
    );
  }
  const engine = wanted === 'cpu' ? 'cpu' : 'wasm';
  await importBackend(engine);
  if (engine === 'wasm') registerWasmGradientKernels();
  await tf.setBackend(engine);
  return engine;
}
