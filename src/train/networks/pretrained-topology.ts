import { z } from 'zod';
import { MedoidError } from '../../errors.js';

const reference = z.tuple([z.string(), z.int(), z.int()]).rest(z.unknown());

/** A layer as Keras and TensorFlow.js write it down; one that is applied once. */
const layerSchema = z.object({
  class_name: z.string(),
  config: z.looseObject({ name: z.string() }),
  inbound_nodes: z.array(z.array(reference)).max(1, 'expected layers that are applied once').default([]),
});
export type PretrainedLayer = z.infer<typeof layerSchema>;

const graphSchema = z.object({ layers: z.array(layerSchema) });
const topologySchema = z.object({ class_name: z.string(), config: z.unknown() });
const wrappedSchema = z.object({ model_config: topologySchema });

/** Layers of a `Sequential` model, each reading the one before. */
function chain(layers: readonly PretrainedLayer[]): PretrainedLayer[] {
  const [first] = layers;
  const shape = first?.config.batch_input_shape;
  const input: PretrainedLayer = {
    class_name: 'InputLayer',
    config: { name: 'image', batch_input_shape: shape, dtype: 'float32', sparse: false },
    inbound_nodes: [],
  };
  const all = first === undefined || first.class_name === 'InputLayer' ? layers : [input, ...layers];
  return all.map((layer, i) => ({
    ...layer,
    inbound_nodes: i === 0 ? [] : [[[all[i - 1].config.name, 0, 0]]],
  }));
}

/**
 * The layers of a Keras topology, functional or sequential, in its order.
 * @param topology `modelTopology` of a `model.json`
 * @throws ZodError for anything else
 */
export function layersOf(topology: unknown): PretrainedLayer[] {
  const wrapped = wrappedSchema.safeParse(topology);
  const { class_name: type, config } = topologySchema.parse(
    wrapped.success ? wrapped.data.model_config : topology,
  );
  const graph = Array.isArray(config) ? { layers: config } : config;
  const { layers } = graphSchema.parse(graph);
  return type === 'Sequential' ? chain(layers) : layers;
}

const inputsOf = ({ inbound_nodes: [node = []] }: PretrainedLayer): string[] => node.map(([name]) => name);

/**
 * Only what the layer `cut` is made of, in order.
 * @throws MedoidError `invalid-option` for a layer there is none of
 */
export function cutAt(layers: readonly PretrainedLayer[], cut: string): PretrainedLayer[] {
  const names = layers.map(({ config }) => config.name);
  if (!names.includes(cut)) {
    throw new MedoidError('invalid-option', `expected one of the layers ${names.join(', ')}; got ${cut}`, {
      field: 'initLayer',
    });
  }
  const byName = new Map(layers.map(layer => [layer.config.name, layer]));
  const needed = new Set<string>();
  const visit = (name: string): void => {
    if (needed.has(name)) return;
    needed.add(name);
    const layer = byName.get(name);
    if (layer !== undefined) for (const input of inputsOf(layer)) visit(input);
  };
  visit(cut);
  return layers.filter(({ config }) => needed.has(config.name));
}

const isNothing = (value: unknown): boolean => value === undefined || value === null || value === 0;

/** Layer types of ours that stand for a Keras one, because they train faster or can be exported. */
function replace(layer: PretrainedLayer): PretrainedLayer {
  const { name, epsilon, ...config } = layer.config;
  if (layer.class_name === 'BatchNormalization') {
    return { ...layer, class_name: 'MedoidBatchNorm', config: { name, epsilon } };
  }
  if (layer.class_name === 'ReLU' && config.max_value === 6) {
    return { ...layer, class_name: 'MedoidReLU6', config: { name } };
  }
  // Its draws could not be repeated, so a resumed run would not be the one that was never stopped.
  if (layer.class_name === 'Dropout') {
    return { ...layer, class_name: 'Activation', config: { name, activation: 'linear' } };
  }
  return { ...layer, config: { ...layer.config, trainable: true } };
}

const isOne = (value: unknown): boolean => [value].flat().every(side => side === undefined || side === 1);

/** What of a layer would be lost here, in words; undefined for nothing. */
export function lostOf({ config }: PretrainedLayer): string | undefined {
  if (!isNothing(config.negative_slope)) return `negative_slope ${String(config.negative_slope)}`;
  if (!isNothing(config.threshold)) return `threshold ${String(config.threshold)}`;
  if (!isOne(config.dilation_rate)) return `dilation_rate ${String(config.dilation_rate)}`;
  if (config.data_format === 'channels_first') return 'data_format channels_first';
  return undefined;
}

/** `modelTopology` of a functional model of these layers: RGB pictures of one size in, the last layer out. */
export function topologyOf(layers: readonly PretrainedLayer[], inputSize: number): object {
  const inputs = layers.filter(({ class_name: type }) => type === 'InputLayer');
  const sized = layers.map(layer =>
    layer.class_name === 'InputLayer'
      ? { ...layer, config: { ...layer.config, batch_input_shape: [null, inputSize, inputSize, 3] } }
      : replace(layer),
  );
  const named = sized.map(layer => ({ ...layer, name: layer.config.name }));
  const end = ({ config }: PretrainedLayer) => [config.name, 0, 0];
  return {
    class_name: 'Model',
    config: {
      name: 'pretrained',
      layers: named,
      input_layers: inputs.map(end),
      output_layers: layers.slice(-1).map(end),
    },
  };
}
