import type { Dataset } from '../datasets/dataset.js';
import type { ReadTrainingSet } from '../datasets/training-set.js';
import type { Pooling } from '../embed/manifest.js';
import type { Preprocessing } from '../images/preprocessing.js';

export interface ReadFeaturesOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (done: number) => void;
}

/** A network that is not trained, before the head that is: where its inputs come from, and what it is exported with. */
export interface FrozenBackbone {
  readonly preprocessing: Preprocessing;
  /** Names of its input, the pictures, and of its output, the features. */
  readonly input: string;
  readonly output: string;
  /** How that output becomes features, where it is tokens [n, t, d]. */
  readonly pooling: Pooling | undefined;
  /** Features of labelled images. */
  read(dataset: Dataset, options: ReadFeaturesOptions): Promise<ReadTrainingSet>;
  /** Bytes of its `.onnx` file. */
  readWeights(): Promise<Uint8Array>;
}
