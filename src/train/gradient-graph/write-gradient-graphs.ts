import { encodeOnnxModel } from '../onnx-format.js';
import { graphOf, type Layer } from '../onnx-layers.js';
import type { LayersModel } from '../tf.js';
import { BlockedOperators } from './blocked-operators.js';
import { GraphWriter } from './graph-writer.js';
import { layerGradients, refuse, type Side, Value, type WrittenLayer } from './layer-gradients.js';

export interface NamedShape {
  readonly name: string;
  readonly dims: readonly number[];
}

/** Batch statistics of one normalisation: names of outputs of the forward graph, [c] each. */
export interface BatchStatistics {
  readonly layer: Layer;
  readonly mean: string;
  readonly variance: string;
}

/**
 * A network as two ONNX models for batches of one size, with the loss left to be computed between them:
 * forward: `image` [n, h, w, 3] and the weights → `embedding` and what is kept for the other;
 * backward: `slope` = ∂loss/∂embedding, the weights and what was kept → ∂loss/∂weight of each that is trained.
 */
export interface GradientGraphs {
  readonly forward: Uint8Array;
  readonly backward: Uint8Array;
  readonly embedding: NamedShape;
  readonly image: NamedShape;
  /** Weights that either of them reads, by `originalName`. */
  readonly weights: readonly NamedShape[];
  /** Of forward: the embedding, what is kept, the statistics. */
  readonly outputs: readonly NamedShape[];
  /** Outputs of forward that are inputs of backward. */
  readonly kept: readonly NamedShape[];
  readonly statistics: readonly BatchStatistics[];
  /** Outputs of backward: name of the weight's variable, and of the output. */
  readonly gradients: readonly (NamedShape & { readonly variable: string })[];
}

const image = 'image';
const slope = 'slope';

/** What the layers of one network leave behind while they are written. */
interface Draft {
  readonly weights: Map<string, NamedShape>;
  readonly kept: Map<string, NamedShape>;
  readonly statistics: BatchStatistics[];
  readonly gradients: (NamedShape & { readonly variable: string })[];
}

const sideOf = (prefix: string, block: number): Side => {
  const write = new GraphWriter(prefix);
  return { write, blocked: new BlockedOperators(write, block) };
};

function writeLayer(
  { layer, inputs }: { layer: Layer; inputs: readonly Value[] },
  sides: { forward: Side; backward: Side },
  draft: Draft,
): WrittenLayer {
  const write = layerGradients[layer.getClassName()];
  if (write === undefined) refuse(layer, `${layer.getClassName()} has no gradient here`);
  return write({
    ...{ layer, inputs, ...sides },
    weight(index) {
      const { originalName: name, shape } = layer.weights[index];
      draft.weights.set(name, { name, dims: shape as number[] });
      return name;
    },
    keep(name, dims) {
      draft.kept.set(name, { name, dims });
      return name;
    },
    learn(index, name) {
      const weight = layer.weights[index];
      if (!layer.trainableWeights.includes(weight)) return;
      draft.gradients.push({ name, dims: weight.shape as number[], variable: weight.name });
    },
    observe(mean, variance) {
      draft.statistics.push({ layer, mean, variance });
    },
  });
}

/**
 * @param block channels a block, as ONNX Runtime has them on this machine
 * @throws MedoidError `engine-unavailable` for a network with a layer or setting that has no gradient here
 */
export function writeGradientGraphs(
  model: LayersModel,
  { batch, block }: { readonly batch: number; readonly block: number },
): GradientGraphs {
  const sides = { forward: sideOf('forward', block), backward: sideOf('backward', block) };
  const draft: Draft = { weights: new Map(), kept: new Map(), statistics: [], gradients: [] };
  const [inputLayer] = model.inputLayers;
  if (model.inputs[0].rank !== 4) refuse(inputLayer, `expected pictures, got rows of features`);
  const pictures: NamedShape = {
    name: image,
    dims: [batch, ...(model.inputs[0].shape.slice(1) as number[])],
  };
  const planes = sides.forward.write.transpose(image, [0, 3, 1, 2]);
  const values = new Map<string, Value>();
  const written: { name: string; inputs: readonly string[]; layer: WrittenLayer }[] = [];
  for (const { layer, inputs } of graphOf(model)) {
    if (inputs.length === 0) {
      values.set(layer.name, new Value(pictures.dims, () => planes));
      continue;
    }
    const read = inputs.map(name => values.get(name) as Value);
    const result = writeLayer({ layer, inputs: read }, sides, draft);
    values.set(layer.name, result.value);
    written.push({ name: layer.name, inputs, layer: result });
  }
  const last = model.outputs[0].sourceLayer.name;
  const output = (values.get(last) as Value).read();
  const slopes = new Map([[last, slope]]);
  const isPicture = (name: string): boolean => !written.some(entry => entry.name === name);
  for (const { name, inputs, layer } of written.toReversed()) {
    const contributions = layer.backward(slopes.get(name) as string);
    for (const [i, input] of inputs.entries()) {
      if (!isPicture(input)) slopes.set(input, contributions[i](slopes.get(input)));
    }
  }
  const weights = [...draft.weights.values()];
  const kept = [...draft.kept.values()];
  const embedding = { name: output, dims: [batch, model.outputs[0].shape.at(-1) as number] };
  const { statistics, gradients } = draft;
  const means = statistics.flatMap(({ layer, mean, variance }) =>
    [mean, variance].map(name => ({ name, dims: layer.weights[0].shape as number[] })),
  );
  const outputs = [...new Map([embedding, ...kept, ...means].map(value => [value.name, value])).values()];
  return {
    forward: encodeOnnxModel(sides.forward.write.graph, {
      inputs: [pictures, ...weights],
      outputs,
    }),
    backward: encodeOnnxModel(sides.backward.write.graph, {
      inputs: [{ name: slope, dims: embedding.dims }, ...weights, ...kept],
      outputs: gradients,
    }),
    ...{ embedding, image: pictures, weights, outputs, kept, statistics, gradients },
  };
}
