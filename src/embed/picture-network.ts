import { MedoidError, messageOf } from '../errors.js';
import {
  type CropWindow,
  centreCrop,
  type Preprocessing,
  writeNetworkInput,
} from '../images/preprocessing.js';
import { findExternalData } from './find-external-data.js';
import type { Pooling } from './manifest.js';
import { InferenceSession, Tensor } from './onnx-runtime.js';
import { poolTokens } from './pool-tokens.js';

type Session = Awaited<ReturnType<typeof InferenceSession.create>>;
type OrtTensor = Awaited<ReturnType<Session['run']>>[string];

/** An input or output as the model declares it; a text side is free, no sides at all: not declared. */
export type DeclaredValue = Session['inputMetadata'][number];

/** As `float32 image [n, 3, 224, 224]`. */
export const describeValue = (value: DeclaredValue): string =>
  value.isTensor
    ? `${value.type} ${value.name} [${value.shape.map(side => side || '?').join(', ')}]`
    : `${value.name}, no tensor`;

export interface PictureNetworkOptions {
  /** Where the model is, for errors. */
  readonly place: string;
  readonly preprocessing: Preprocessing;
  /** Of a model that answers with tokens [n, t, d]. */
  readonly pooling?: Pooling | undefined;
  /** Threads of one run; 0 = as many as cores. */
  readonly threads?: number | undefined;
  /** Names of the input and the output that are used. @throws MedoidError where the model has none that fit */
  readonly choose: (
    inputs: readonly DeclaredValue[],
    outputs: readonly DeclaredValue[],
  ) => { readonly input: string; readonly output: string };
}

/** An ONNX model from pictures [n, 3, crop, crop] to rows of numbers [n, d], [n, d, 1, 1], or pooled [n, t, d]. */
export class PictureNetwork {
  readonly output: string;
  readonly input: string;
  /** Pictures a run where the model says how many; the last run is filled up with zeros. */
  private readonly fixedCount: number | undefined;
  private readonly place: string;
  private readonly preprocessing: Preprocessing;
  private readonly pooling: Pooling | undefined;

  private constructor(
    private readonly session: Session,
    options: PictureNetworkOptions,
  ) {
    const { input, output } = options.choose(session.inputMetadata, session.outputMetadata);
    const declared = session.inputMetadata.find(({ name }) => name === input) as DeclaredValue;
    requirePictures(declared, options);
    const count = declared.isTensor ? declared.shape[0] : undefined;
    this.fixedCount = typeof count === 'number' && count > 0 ? count : undefined;
    this.input = input;
    this.output = output;
    this.place = options.place;
    this.preprocessing = options.preprocessing;
    this.pooling = options.pooling;
  }

  /** @throws MedoidError `invalid-model`, and as `choose` */
  static async open(weights: Uint8Array, options: PictureNetworkOptions): Promise<PictureNetwork> {
    const session = await createSession(weights, options);
    try {
      return new PictureNetwork(session, options);
    } catch (error) {
      await session.release();
      throw error;
    }
  }

  /**
   * @param pixels of `decodeResized`, one entry a picture
   * @param window what is cut from each: the centre unless given
   * @returns one row a picture, each of the same length
   * @throws MedoidError `invalid-model` when the model cannot be run or answers with something else
   */
  async run(
    pixels: readonly Uint8Array[],
    window: CropWindow = centreCrop(this.preprocessing),
  ): Promise<Float32Array[]> {
    const rows: Float32Array[] = [];
    const atOnce = this.fixedCount ?? Math.max(1, pixels.length);
    for (let start = 0; start < pixels.length; start += atOnce) {
      rows.push(...(await this.runOnce(pixels.slice(start, start + atOnce), window)));
    }
    return rows;
  }

  async close(): Promise<void> {
    await this.session.release();
  }

  private async runOnce(pixels: readonly Uint8Array[], window: CropWindow): Promise<Float32Array[]> {
    const { crop } = this.preprocessing;
    const size = 3 * crop * crop;
    const dims = [this.fixedCount ?? pixels.length, 3, crop, crop];
    const target = new Float32Array(dims[0] * size);
    for (const [i, image] of pixels.entries()) {
      writeNetworkInput(image, window, this.preprocessing, { target, offset: i * size, layout: 'nchw' });
    }
    const feeds = { [this.input]: new Tensor('float32', target, dims) };
    const outputs = await this.session.run(feeds, [this.output]).catch(error => {
      throw new MedoidError('invalid-model', `${this.place} fails on [${dims}]: ${messageOf(error)}`, {
        cause: error,
      });
    });
    return this.readRows(outputs[this.output], dims[0]).slice(0, pixels.length);
  }

  /** @throws MedoidError `invalid-model` for what is neither rows nor tokens that are to be pooled */
  private readRows({ data, type, dims }: OrtTensor, count: number): Float32Array[] {
    const { place, pooling } = this;
    const [first, second, third] = dims;
    const isWhole = data instanceof Float32Array && first === count;
    if (isWhole && pooling !== undefined && dims.length === 3) {
      return poolTokens(data, [count, second, third], pooling);
    }
    const isRows = dims.length >= 2 && dims.slice(2).every(side => side === 1);
    if (isWhole && pooling === undefined && isRows) {
      return Array.from({ length: count }, (_, i) => data.slice(i * second, (i + 1) * second));
    }
    const expected = pooling === undefined ? `[${count}, d]` : `[${count}, tokens, d]`;
    const hint =
      pooling === undefined && dims.length === 3 ? ': tokens, for which a pooling is to be given' : '';
    throw new MedoidError(
      'invalid-model',
      `expected float32 ${expected} from ${place}, got ${type} [${dims}]${hint}`,
    );
  }
}

async function createSession(
  weights: Uint8Array,
  { place, threads = 0 }: PictureNetworkOptions,
): Promise<Session> {
  const aside = findExternalData(weights);
  if (aside !== undefined) {
    throw new MedoidError(
      'invalid-model',
      `${place}: expected everything in one file, got weights that lie in another (${aside}): save it as one file`,
    );
  }
  try {
    return await InferenceSession.create(weights, {
      intraOpNumThreads: threads,
      graphOptimizationLevel: 'all',
      logSeverityLevel: 3,
    });
  } catch (error) {
    throw new MedoidError('invalid-model', `${place}: ONNX Runtime refuses it: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

/** @throws MedoidError `invalid-model` for an input that the preprocessed pictures do not fit */
function requirePictures(
  input: DeclaredValue,
  { place, preprocessing: { crop } }: PictureNetworkOptions,
): void {
  const wanted = [3, crop, crop];
  const fits =
    input.isTensor &&
    input.type === 'float32' &&
    (input.shape.length === 0 ||
      (input.shape.length === 4 &&
        input.shape.slice(1).every((side, i) => !(Number(side) > 0) || side === wanted[i])));
  if (fits) return;
  throw new MedoidError(
    'invalid-model',
    `${place}: expected an input float32 [n, 3, ${crop}, ${crop}], as the preprocessing crops to ${crop}, ` +
      `got ${describeValue(input)}`,
  );
}
