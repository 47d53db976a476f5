import { MedoidError, messageOf } from '../errors.js';
import {
  type CropWindow,
  centreCrop,
  type Preprocessing,
  writeNetworkInput,
} from '../images/preprocessing.js';
import { findExternalData } from './find-external-data.js';
import { InferenceSession, Tensor } from './onnx-runtime.js';

type Session = Awaited<ReturnType<typeof InferenceSession.create>>;

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
  /** Threads of one run; 0 = as many as cores. */
  readonly threads?: number | undefined;
  /** Names of the input and the output that are used. @throws MedoidError where the model has none that fit */
  readonly choose: (
    inputs: readonly DeclaredValue[],
    outputs: readonly DeclaredValue[],
  ) => { readonly input: string; readonly output: string };
}

/** An ONNX model from pictures [n, 3, crop, crop] to rows of numbers [n, d], or [n, d, 1, 1]. */
export class PictureNetwork {
  readonly output: string;
  readonly input: string;
  /** Pictures a run where the model says how many; the last run is filled up with zeros. */
  private readonly fixedCount: number | undefined;
  private readonly place: string;
  private readonly preprocessing: Preprocessing;

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
    const { data, type, dims: shape } = outputs[this.output];
    const isRows = shape.length >= 2 && shape[0] === dims[0] && shape.slice(2).every(side => side === 1);
    if (!(data instanceof Float32Array) || !isRows) {
      throw new MedoidError(
        'invalid-model',
        `expected float32 [${dims[0]}, d] from ${this.place}, got ${type} [${shape}]`,
      );
    }
    return pixels.map((_, i) => data.slice(i * shape[1], (i + 1) * shape[1]));
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
