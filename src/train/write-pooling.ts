import type { Pooling } from '../embed/manifest.js';
import type { OnnxDraft } from './onnx-format.js';
import { axesAreAnInput } from './write-normalisation.js';

export interface PoolingPlace {
  readonly input: string;
  readonly output: string;
  readonly pooling: Pooling | undefined;
  readonly opset: number;
}

/**
 * [n, tokens, d] → [n, d], as `poolTokens` does it; without a pooling [n, d] and [n, d, 1, 1] → [n, d]. In the form of
 * the operators of version `opset`, 9 or later.
 */
export function writePooling(graph: OnnxDraft, { input, output, pooling, opset }: PoolingPlace): void {
  if (pooling === undefined) {
    graph.nodes.push({ operator: 'Flatten', inputs: [input], output, attributes: { axis: 1 } });
    return;
  }
  const which = `${output}.${pooling}`;
  if (pooling === 'cls') {
    // A scalar, so that the axis goes.
    graph.initializers.push({ name: which, dims: [], data: BigInt64Array.of(0n) });
    graph.nodes.push({ operator: 'Gather', inputs: [input, which], output, attributes: { axis: 1 } });
    return;
  }
  const byInput = opset >= axesAreAnInput;
  if (byInput) graph.initializers.push({ name: which, dims: [1], data: BigInt64Array.of(1n) });
  graph.nodes.push({
    operator: 'ReduceMean',
    inputs: byInput ? [input, which] : [input],
    output,
    attributes: byInput ? { keepdims: 0 } : { axes: [1], keepdims: 0 },
  });
}
