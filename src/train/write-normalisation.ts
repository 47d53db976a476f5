import type { OnnxDraft } from './onnx-format.js';

/** From this version on, ReduceL2 and ReduceMean take their axes as an input; before it, as an attribute. */
export const axesAreAnInput = 18;

/** x / max(‖x‖₂, 1e-6) per row, in the form of the operators of version `opset`, 9 or later. */
export function writeNormalisation(
  graph: OnnxDraft,
  { input, output, opset }: { readonly input: string; readonly output: string; readonly opset: number },
): void {
  const [floor, axes, length, divisor] = ['floor', 'axes', 'length', 'divisor'].map(
    name => `${output}.${name}`,
  );
  graph.initializers.push({ name: floor, dims: [1], data: Float32Array.of(1e-6) });
  const byInput = opset >= axesAreAnInput;
  if (byInput) graph.initializers.push({ name: axes, dims: [1], data: BigInt64Array.of(1n) });
  graph.nodes.push(
    {
      operator: 'ReduceL2',
      inputs: byInput ? [input, axes] : [input],
      output: length,
      attributes: byInput ? { keepdims: 1 } : { axes: [1], keepdims: 1 },
    },
    { operator: 'Max', inputs: [length, floor], output: divisor, attributes: {} },
    { operator: 'Div', inputs: [input, divisor], output, attributes: {} },
  );
}
