import { describe, expect, it } from 'vitest';
import { countParameters } from '../../src/embed/count-parameters.js';
import { summariseOnnxModel } from '../../src/train/onnx-format.js';
import { encodeTinyBackbone } from '../fixtures/tiny-backbone.js';

describe('the parameters of an ONNX model', () => {
  it.each([2, 3, 4] as const)('are its floating-point numbers, as training counts them: rank %i', rank => {
    const model = encodeTinyBackbone({ rank, dimension: 300 });
    expect(countParameters(model)).toBe(300 * 3 * 8 * 8);
    expect(countParameters(model)).toBe(summariseOnnxModel(model).parameters);
  });

  it('are counted whether the sides of a tensor are packed or each by itself, and none of scalars', () => {
    const tensors = [
      Buffer.of(0x0a, 3, 2, 0xac, 2, 0x10, 1), // [2, 300], packed, float
      Buffer.of(0x08, 7, 0x08, 5, 0x10, 11), // [7, 5], double
      Buffer.of(0x08, 9, 0x10, 7), // [9], int64
      Buffer.of(0x10, 1), // a scalar
    ];
    const graph = Buffer.concat(tensors.flatMap(tensor => [Buffer.of(0x2a, tensor.length), tensor]));
    expect(countParameters(Buffer.concat([Buffer.of(0x3a, graph.length), graph]))).toBe(600 + 35);
  });

  it('are none in what is no model', () => {
    expect(countParameters(new Uint8Array())).toBe(0);
    expect(countParameters(new Uint8Array(64).fill(0xff))).toBe(0);
  });
});
