import { MedoidError } from '../errors.js';
import type { CropBox } from '../images/crop-box.js';
import { decodeResized } from '../images/decode.js';
import { defaultImageLimits, type ImageLimits } from '../images/limits.js';
import { type CropCount, type CropWindow, cropWindows, type Preprocessing } from '../images/preprocessing.js';
import { isFiniteVector, normalise } from '../math/vectors.js';
import { loadModel, type Manifest } from './manifest.js';
import { PictureNetwork } from './picture-network.js';

/** Of one call. */
export interface EmbedderCallOptions {
  /** Work that waits and has not begun when this is aborted is dropped, as `interrupted`; what has begun is finished. */
  readonly signal?: AbortSignal | undefined;
}

export interface EmbedderDecodeOptions extends EmbedderCallOptions {
  /** The part of the upright picture that is looked at; all of it unless given. */
  readonly box?: CropBox | undefined;
}

/** Image bytes → unit vectors. What the gallery and the evaluation ask for; the ONNX embedder is one of its kinds. */
export interface Embedder {
  readonly modelId: string;
  readonly dimension: number;
  /** Side of the square that `decode` squashes all of a picture to, [side, side, 3]; nothing where it makes something else. */
  readonly squashedTo?: number | undefined;
  /**
   * One embedding [dimension], L2-normalised, an image, in order.
   * @throws MedoidError for the first image that cannot be read; use `decode` to find out which one
   */
  embed(images: readonly Uint8Array[]): Promise<Float32Array[]>;
  /**
   * Decodes one image to what `embedPixels` takes.
   * @throws MedoidError of the image's own fault; `invalid-request` for a box that is not within it
   */
  decode(image: Uint8Array, options?: EmbedderDecodeOptions): Promise<Uint8Array>;
  /** @param pixels of `decode`, one entry an image */
  embedPixels(pixels: readonly Uint8Array[], options?: EmbedderCallOptions): Promise<Float32Array[]>;
  close(): Promise<void>;
}

export interface EmbedderOptions {
  /** Threads of one run; 0 = as many as cores. */
  readonly threads?: number;
  readonly limits?: ImageLimits;
  /**
   * Windows of an image whose embeddings are averaged; 1 unless given. Any other number is part of `modelId`: such
   * vectors are not to be mixed with those of the centre alone.
   */
  readonly crops?: CropCount;
}

/** How images become inputs, beside what the manifest says. */
interface Intake {
  readonly limits: ImageLimits;
  readonly windows: readonly CropWindow[];
}

/** Embeds with the ONNX model of a model directory. */
export class OnnxEmbedder implements Embedder {
  private constructor(
    readonly modelId: string,
    readonly manifest: Manifest,
    private readonly network: PictureNetwork,
    private readonly intake: Intake,
  ) {}

  /** @throws MedoidError `file-not-found` or `invalid-model`; `invalid-option` for crops that are all the same */
  static async open(directory: string, options: EmbedderOptions = {}): Promise<OnnxEmbedder> {
    const { limits = defaultImageLimits, crops = 1 } = options;
    const { manifest, id, weights } = await loadModel(directory);
    const { input, output, pooling, preprocessing } = manifest;
    const windows = cropWindows(preprocessing, crops);
    const network = await PictureNetwork.open(weights, {
      place: directory,
      preprocessing,
      pooling,
      threads: options.threads,
      choose: (inputs, outputs) => {
        const [inputNames, outputNames] = [inputs, outputs].map(values => values.map(({ name }) => name));
        if (inputNames.includes(input) && outputNames.includes(output)) return { input, output };
        throw new MedoidError(
          'invalid-model',
          `${directory}: expected input ${input} and output ${output}, ` +
            `got ${inputNames.join(', ')} and ${outputNames.join(', ')}`,
        );
      },
    });
    const modelId = crops === 1 ? id : `${id}+${crops}-crops`;
    return new OnnxEmbedder(modelId, manifest, network, { limits, windows });
  }

  get dimension(): number {
    return this.manifest.dimension;
  }

  get preprocessing(): Preprocessing {
    return this.manifest.preprocessing;
  }

  get squashedTo(): number | undefined {
    const { fit, resize } = this.preprocessing;
    return fit === 'squash' ? resize : undefined;
  }

  decode(image: Uint8Array, { box }: EmbedderDecodeOptions = {}): Promise<Uint8Array> {
    return decodeResized(image, this.preprocessing, { limits: this.intake.limits, box });
  }

  async embed(images: readonly Uint8Array[]): Promise<Float32Array[]> {
    return this.embedPixels(await Promise.all(images.map(image => this.decode(image))));
  }

  /** The mean over the windows of unit embeddings, scaled to unit length in its turn. */
  async embedPixels(pixels: readonly Uint8Array[]): Promise<Float32Array[]> {
    const [first, ...others] = this.intake.windows;
    const sums = await this.embedWindow(pixels, first);
    if (others.length === 0) return sums;
    // One window of all images at a time, so that more windows do not take more memory.
    for (const window of others) {
      for (const [i, embedding] of (await this.embedWindow(pixels, window)).entries()) {
        for (let d = 0; d < embedding.length; d++) sums[i][d] += embedding[d];
      }
    }
    return sums.map(normalise);
  }

  async close(): Promise<void> {
    await this.network.close();
  }

  private async embedWindow(pixels: readonly Uint8Array[], window: CropWindow): Promise<Float32Array[]> {
    const rows = await this.network.run(pixels, window);
    for (const row of rows) {
      if (row.length !== this.dimension) {
        throw new MedoidError(
          'invalid-model',
          `expected [n, ${this.dimension}] from ${this.modelId}, got [n, ${row.length}]`,
        );
      }
      if (!isFiniteVector(row)) {
        throw new MedoidError('invalid-model', `${this.modelId} answered with numbers that are not finite`);
      }
    }
    return rows.map(normalise);
  }
}
