import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { hashWeights, type Pooling, sha256 } from '../embed/manifest.js';
import { type DeclaredValue, describeValue, PictureNetwork } from '../embed/picture-network.js';
import { MedoidError, messageOf } from '../errors.js';
import { decodeResized } from '../images/decode.js';
import { centreCrop, type Preprocessing, preprocessingSchema } from '../images/preprocessing.js';
import { isFiniteVector } from '../math/vectors.js';
import { type FoundBackbone, findBackbone } from './find-backbone.js';

/** How a picture is looked at: `centre` as it is embedded, `mirrored` the same left to right. */
export type View = 'centre' | 'mirrored';

export interface FeatureExtractorOptions {
  /** Of a model without a manifest; refused for one with. */
  readonly preprocessing?: Preprocessing | undefined;
  /** Name of the output that holds the features; unless given, what a manifest says, else the only one that may. */
  readonly output?: string | undefined;
  /** Of an output of tokens [n, t, d]; refused for the one that a manifest tells of. */
  readonly pooling?: Pooling | undefined;
  /** Threads of one run; 0 = as many as cores. */
  readonly threads?: number;
}

/** A picture that can be named where something is wrong with its features. */
export interface NamedPixels {
  readonly path: string;
  /** Of `decode`. */
  readonly pixels: Uint8Array;
}

interface ExtractorParts {
  readonly path: string;
  readonly found: FoundBackbone;
  readonly preprocessing: Preprocessing;
  readonly pooling: Pooling | undefined;
  readonly dimension: number;
}

/** Any ONNX model from pictures to vectors, frozen: pictures → features [dimension], not normalised. */
export class FeatureExtractor {
  /** SHA-256 over weights, output, preprocessing and pooling: features of different ids are never mixed. */
  readonly id: string;
  /** Of its `.onnx` file. */
  readonly weightsPath: string;
  readonly weightsSha256: string;
  readonly preprocessing: Preprocessing;
  readonly pooling: Pooling | undefined;
  readonly dimension: number;
  private readonly path: string;

  private constructor(
    private readonly network: PictureNetwork,
    { path, found, preprocessing, pooling, dimension }: ExtractorParts,
  ) {
    this.path = path;
    this.weightsPath = found.weightsPath;
    this.weightsSha256 = found.weightsSha256;
    this.preprocessing = preprocessing;
    this.pooling = pooling;
    this.dimension = dimension;
    const pooled = pooling === undefined ? [] : [pooling];
    this.id = sha256(JSON.stringify([found.weightsSha256, network.output, preprocessing, ...pooled]));
  }

  /**
   * @param path a model directory, a folder with exactly one `.onnx` file, or such a file
   * @throws MedoidError `file-not-found`, `invalid-model`, or `invalid-option` for preprocessing that is missing, wrong or
   *   given beside a manifest, as pooling may not be
   */
  static async open(path: string, options: FeatureExtractorOptions = {}): Promise<FeatureExtractor> {
    const found = await findBackbone(path);
    const preprocessing = choosePreprocessing(path, found, options.preprocessing);
    const pooling = choosePooling(path, found, options);
    const network = await PictureNetwork.open(found.weights, {
      place: path,
      preprocessing,
      pooling,
      threads: options.threads,
      choose: (inputs, outputs) => ({
        input: found.manifest?.input ?? chooseInput(path, inputs),
        output: chooseOutput(outputs, {
          path,
          pooling,
          wanted: options.output ?? found.manifest?.features ?? found.manifest?.output,
        }),
      }),
    });
    try {
      const grey = new Uint8Array(3 * preprocessing.resize ** 2).fill(128);
      const [{ length: dimension }] = await network.run([grey]);
      return new FeatureExtractor(network, { path, found, preprocessing, pooling, dimension });
    } catch (error) {
      await network.close();
      throw error;
    }
  }

  /** Name of the output that holds the features. */
  get output(): string {
    return this.network.output;
  }

  /** Name of the input that takes the pictures. */
  get input(): string {
    return this.network.input;
  }

  /** @throws MedoidError of the image's own fault */
  decode(image: Uint8Array): Promise<Uint8Array> {
    return decodeResized(image, this.preprocessing);
  }

  /**
   * @returns features [dimension] of each picture, in order
   * @throws MedoidError `invalid-model`, naming the picture whose features are not finite
   */
  async extract(pictures: readonly NamedPixels[], view: View): Promise<Float32Array[]> {
    const window = { ...centreCrop(this.preprocessing), mirror: view === 'mirrored' };
    const rows = await this.network.run(
      pictures.map(({ pixels }) => pixels),
      window,
    );
    for (const [i, row] of rows.entries()) {
      if (row.length === this.dimension && isFiniteVector(row)) continue;
      throw new MedoidError(
        'invalid-model',
        `expected ${this.dimension} finite features of ${pictures[i].path} from ${this.path}, ` +
          `got ${row.length}${isFiniteVector(row) ? '' : ', some of them not finite'}`,
      );
    }
    return rows;
  }

  /**
   * The bytes of the `.onnx` file, to put a head behind them.
   * @throws MedoidError `invalid-model` where they are no longer those that the features are of
   */
  async readWeights(): Promise<Uint8Array> {
    const weights = await readFile(this.weightsPath).catch(error => {
      throw new MedoidError('invalid-model', `the weights are missing: ${messageOf(error)}`, {
        cause: error,
      });
    });
    if ((await hashWeights(weights)) === this.weightsSha256) return weights;
    throw new MedoidError(
      'invalid-model',
      `${this.weightsPath} has changed since its features were computed`,
    );
  }

  async close(): Promise<void> {
    await this.network.close();
  }
}

function choosePreprocessing(
  path: string,
  { manifest }: FoundBackbone,
  given: Preprocessing | undefined,
): Preprocessing {
  const field = 'preprocessing';
  if (manifest !== undefined) {
    if (given === undefined) return manifest.preprocessing;
    throw new MedoidError(
      'invalid-option',
      `expected no preprocessing for ${path}: it has its own in its manifest`,
      { field },
    );
  }
  if (given === undefined) {
    throw new MedoidError(
      'invalid-option',
      `expected the preprocessing of ${path}: a model without a manifest does not tell it`,
      { field },
    );
  }
  const parsed = preprocessingSchema.safeParse(given);
  if (!parsed.success) {
    throw new MedoidError('invalid-option', `preprocessing: ${z.prettifyError(parsed.error)}`, { field });
  }
  const { crop, resize } = parsed.data;
  if (crop <= resize) return parsed.data;
  throw new MedoidError('invalid-option', `preprocessing: expected a crop within ${resize}, got ${crop}`, {
    field,
  });
}

function choosePooling(
  path: string,
  { manifest }: FoundBackbone,
  { output, pooling: given }: FeatureExtractorOptions,
): Pooling | undefined {
  const isOther = output !== undefined && output !== manifest?.output;
  if (manifest === undefined || isOther) return given;
  if (given === undefined) return manifest.pooling;
  throw new MedoidError(
    'invalid-option',
    `expected no pooling for ${path}: its manifest says whether its output is pooled, and how`,
    { field: 'pooling' },
  );
}

function chooseInput(path: string, inputs: readonly DeclaredValue[]): string {
  if (inputs.length === 1) return inputs[0].name;
  const list = inputs.map(describeValue).join('; ') || 'none';
  throw new MedoidError('invalid-model', `${path}: expected one input, the pictures; got ${list}`);
}

/**
 * Tokens [n, t, d] to be pooled; else [n, d], or [n, d, 1, 1] as global pooling leaves it: a side that is free may turn
 * out to be 1.
 */
const hasRank = (value: DeclaredValue, rank: 2 | 3 | 4): boolean =>
  value.isTensor &&
  value.type === 'float32' &&
  value.shape.length === rank &&
  (rank === 3 || value.shape.slice(2).every(side => side === 1 || !(Number(side) > 0)));

interface WantedOutput {
  readonly path: string;
  readonly pooling: Pooling | undefined;
  /** By name. */
  readonly wanted: string | undefined;
}

/** The one that was asked for, else the only one of rank 3 to be pooled, or the only one of rank 2, else of rank 4. */
function chooseOutput(outputs: readonly DeclaredValue[], { path, pooling, wanted }: WantedOutput): string {
  const list = outputs.map(describeValue).join('; ');
  const refuse = (expected: string): MedoidError =>
    new MedoidError('invalid-model', `${path}: expected ${expected}; got ${list}`, { field: 'output' });
  if (wanted !== undefined) {
    if (outputs.some(({ name }) => name === wanted)) return wanted;
    throw refuse(`an output named ${wanted}`);
  }
  for (const rank of pooling === undefined ? ([2, 4] as const) : ([3] as const)) {
    const fitting = outputs.filter(value => hasRank(value, rank));
    if (fitting.length === 1) return fitting[0].name;
    if (fitting.length > 1) throw refuse('one output that may be the features, or to be told which (output)');
  }
  throw refuse(
    pooling === undefined
      ? 'an output float32 [n, d] or [n, d, 1, 1], or a pooling for tokens [n, t, d]'
      : 'an output of tokens float32 [n, t, d] to be pooled',
  );
}
