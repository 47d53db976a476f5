import { MedoidError } from '../errors.js';
import { decodeResized } from '../images/decode.js';
import { defaultImageLimits, type ImageLimits } from '../images/limits.js';
import type { Preprocessing } from '../images/preprocessing.js';
import { isFiniteVector, normalise } from '../math/vectors.js';
import { loadModel, type Manifest } from './manifest.js';
import { PictureNetwork } from './picture-network.js';

/** Image bytes → unit vectors. What the gallery and the evaluation ask for; the ONNX embedder is one of its kinds. */
export interface Embedder {
  readonly modelId: string;
  readonly dimension: number;
  /**
   * One embedding [dimension], L2-normalised, an image, in order.
   * @throws MedoidError for the first image that cannot be read; use `decode` to find out which one
   */
  embed(images: readonly Uint8Array[]): Promise<Float32Array[]>;
  /** Decodes one image to what `embedPixels` takes. @throws MedoidError of the image's own fault */
  decode(image: Uint8Array): Promise<Uint8Array>;
  /** @param pixels of `decode`, one entry an image */
  embedPixels(pixels: readonly Uint8Array[]): Promise<Float32Array[]>;
  close(): Promise<void>;
}

export interface EmbedderOptions {
  /** Threads of one run; 0 = as many as cores. */
  readonly threads?: number;
  readonly limits?: ImageLimits;
}

/** Embeds with the ONNX model of a model directory. */
export class OnnxEmbedder implements Embedder {
  private constructor(
    readonly modelId: string,
    readonly manifest: Manifest,
    private readonly network: PictureNetwork,
    private readonly limits: ImageLimits,
  ) {}

  /** @throws MedoidError `file-not-found` or `invalid-model` */
  static async open(directory: string, options: EmbedderOptions = {}): Promise<OnnxEmbedder> {
    const { manifest, id, weights } = await loadModel(directory);
    const { input, output, preprocessing } = manifest;
    const network = await PictureNetwork.open(weights, {
      place: directory,
      preprocessing,
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
    return new OnnxEmbedder(id, manifest, network, options.limits ?? defaultImageLimits);
  }

  get dimension(): number {
    return this.manifest.dimension;
  }

  get preprocessing(): Preprocessing {
    return this.manifest.preprocessing;
  }

  decode(image: Uint8Array): Promise<Uint8Array> {
    return decodeResized(image, this.preprocessing, this.limits);
  }

  async embed(images: readonly Uint8Array[]): Promise<Float32Array[]> {
    return this.embedPixels(await Promise.all(images.map(image => this.decode(image))));
  }

  async embedPixels(pixels: readonly Uint8Array[]): Promise<Float32Array[]> {
    const rows = await this.network.run(pixels);
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

  async close(): Promise<void> {
    await this.network.close();
  }
}
