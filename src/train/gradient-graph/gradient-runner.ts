import { InferenceSession, Tensor } from '../../embed/onnx-runtime.js';
import { MedoidError, messageOf } from '../../errors.js';
import { encodeOnnxModel } from '../onnx-format.js';
import type { LayersModel } from '../tf.js';
import { GraphWriter } from './graph-writer.js';
import { type GradientGraphs, type NamedShape, writeGradientGraphs } from './write-gradient-graphs.js';

type Session = Awaited<ReturnType<typeof InferenceSession.create>>;
type Feeds = Record<string, InstanceType<typeof Tensor>>;

const countOf = ({ dims }: NamedShape): number => dims.reduce((product, side) => product * side, 1);

const tensorOf = ({ dims }: NamedShape, data: Float32Array): InstanceType<typeof Tensor> =>
  new Tensor('float32', data, [...dims]);

/** Memory that runs write to, again and again: fresh memory for each would cost more than some layers. */
const memoryFor = (values: readonly NamedShape[]): Feeds =>
  Object.fromEntries(values.map(value => [value.name, tensorOf(value, new Float32Array(countOf(value)))]));

const dataOf = (tensors: Feeds, name: string): Float32Array => tensors[name].data as Float32Array;

/** Threads that wait by spinning would keep the cores from the other graph and from the loss between the two. */
const openSession = (bytes: Uint8Array): Promise<Session> =>
  InferenceSession.create(bytes, {
    graphOptimizationLevel: 'all',
    logSeverityLevel: 3,
    extra: { session: { intra_op: { allow_spinning: '0' } } },
  });

/** Fewer channels than any block has. */
const probed = 4;

/** Channels a block of ONNX Runtime's blocked layout on this processor; undefined where it has none. */
export async function findBlock(): Promise<number | undefined> {
  const write = new GraphWriter('probe');
  const output = write.blocked('ReorderInput', ['image']);
  const shape = { name: 'image', dims: [1, probed, 1, 1] };
  const bytes = encodeOnnxModel(write.graph, {
    inputs: [shape],
    outputs: [{ name: output, dims: ['n', 'c', 'h', 'w'] }],
  });
  const session = await openSession(bytes).catch(() => undefined);
  if (session === undefined) return undefined;
  const answer = await session
    .run({ image: tensorOf(shape, new Float32Array(probed)) })
    .catch(() => undefined);
  await session.release();
  // The channels are filled up to a block; where they are not, there are no blocks.
  const channels = answer?.[output].dims[1] ?? 0;
  return channels > probed ? channels : undefined;
}

export interface ForwardResult {
  /** [n, dimension]; overwritten by the next run. */
  readonly embeddings: Float32Array;
  /** Mean and variance of the batch at each normalisation, [c]; overwritten by the next run. */
  readonly statistics: readonly {
    readonly layer: GradientGraphs['statistics'][number]['layer'];
    readonly mean: Float32Array;
    readonly variance: Float32Array;
  }[];
}

/** Weights by `originalName`. */
export type WeightValues = ReadonlyMap<string, Float32Array>;

/** Runs the two graphs of a network for batches of one size. */
export class GradientRunner {
  private readonly outputs: Feeds;
  private readonly gradients: Feeds;
  private feeds: Feeds = {};

  private constructor(
    private readonly graphs: GradientGraphs,
    private readonly forward: Session,
    private readonly backward: Session,
  ) {
    this.outputs = memoryFor(graphs.outputs);
    this.gradients = memoryFor(graphs.gradients);
  }

  /** @throws MedoidError `engine-unavailable` as `writeGradientGraphs`, and where ONNX Runtime refuses a graph */
  static async open(model: LayersModel, sizes: { batch: number; block: number }): Promise<GradientRunner> {
    const graphs = writeGradientGraphs(model, sizes);
    const opened: Session[] = [];
    try {
      for (const bytes of [graphs.forward, graphs.backward]) opened.push(await openSession(bytes));
    } catch (error) {
      for (const session of opened) await session.release();
      throw new MedoidError(
        'engine-unavailable',
        `ONNX Runtime refuses the gradient graphs: ${messageOf(error)}`,
        { cause: error },
      );
    }
    const [forward, backward] = opened;
    return new GradientRunner(graphs, forward, backward);
  }

  /** @param images [n, h, w, 3] */
  async embed(images: Float32Array, weights: WeightValues): Promise<ForwardResult> {
    const { image, embedding, statistics } = this.graphs;
    this.feeds = Object.fromEntries(
      this.graphs.weights.map(weight => [
        weight.name,
        tensorOf(weight, weights.get(weight.name) as Float32Array),
      ]),
    );
    await this.forward.run({ [image.name]: tensorOf(image, images), ...this.feeds }, this.outputs);
    return {
      embeddings: dataOf(this.outputs, embedding.name),
      statistics: statistics.map(({ layer, mean, variance }) => ({
        ...{ layer, mean: dataOf(this.outputs, mean), variance: dataOf(this.outputs, variance) },
      })),
    };
  }

  /**
   * Of the batch and the weights that were embedded last.
   * @param slope ∂loss/∂embedding, [n, dimension]
   * @returns ∂loss/∂weight by the name of the weight's variable; overwritten by the next run
   */
  async differentiate(slope: Float32Array): Promise<ReadonlyMap<string, Float32Array>> {
    const { embedding, kept, gradients } = this.graphs;
    const keptTensors = Object.fromEntries(kept.map(({ name }) => [name, this.outputs[name]]));
    const feeds = { slope: tensorOf(embedding, slope), ...this.feeds, ...keptTensors };
    await this.backward.run(feeds, this.gradients);
    return new Map(gradients.map(({ name, variable }) => [variable, dataOf(this.gradients, name)]));
  }

  async close(): Promise<void> {
    await this.forward.release();
    await this.backward.release();
  }
}
