import type { OnnxDraft, OnnxNode } from '../onnx-format.js';

/** A graph being written: an operator is a call that answers the name of its output. */
export class GraphWriter {
  readonly graph: OnnxDraft = { nodes: [], initializers: [] };
  private readonly constants = new Set<string>();

  /** @param prefix of the names of outputs, so that those of one graph can be inputs of another */
  constructor(private readonly prefix: string) {}

  /** @returns the name of the operator's output */
  node(operator: string, inputs: readonly string[], attributes: OnnxNode['attributes'] = {}): string {
    return this.append({ operator, inputs, attributes });
  }

  /** As `node`, for the operators on blocked layout (`blocked-operators.ts`). */
  blocked(operator: string, inputs: readonly string[], attributes: OnnxNode['attributes'] = {}): string {
    return this.append({ operator, inputs, attributes, domain: 'com.microsoft.nchwc' });
  }

  /** Whole numbers, for operators that take shapes, axes and places as tensors. */
  integers(values: readonly number[]): string {
    return this.constant(`integers ${values}`, [values.length], BigInt64Array.from(values.map(BigInt)));
  }

  scalar(value: number): string {
    return this.constant(`scalar ${value}`, [], Float32Array.of(value));
  }

  reshape(x: string, shape: readonly number[]): string {
    return this.node('Reshape', [x, this.integers(shape)]);
  }

  transpose(x: string, perm: readonly number[]): string {
    return this.node('Transpose', [x], { perm });
  }

  /** @param b nothing is added without it */
  add(a: string, b?: string): string {
    return b === undefined ? a : this.node('Add', [a, b]);
  }

  subtract(a: string, b: string): string {
    return this.node('Sub', [a, b]);
  }

  multiply(a: string, b: string): string {
    return this.node('Mul', [a, b]);
  }

  private constant(name: string, dims: readonly number[], data: Float32Array | BigInt64Array): string {
    if (!this.constants.has(name)) {
      this.constants.add(name);
      this.graph.initializers.push({ name, dims, data });
    }
    return name;
  }

  private append(node: Omit<OnnxNode, 'output'>): string {
    const output = `${this.prefix}${this.graph.nodes.length}`;
    this.graph.nodes.push({ ...node, output });
    return output;
  }
}
