/** One labelled image of a data set. */
export interface Example {
  /** Where it lies; inside an archive, the archive's path and the member's name. */
  readonly path: string;
  /** Name of its class. */
  readonly label: string;
  /** Names of the parts of the data set that it belongs to; none where the layout has no parts. */
  readonly splits?: readonly string[];
  /** The image itself where it is no file of its own. */
  readonly bytes?: Uint8Array;
}

export interface Dataset {
  /** In the order of `classes`; within a class in the order of the layout's lists, or of the paths. No path twice. */
  readonly examples: readonly Example[];
  /** Names of the classes, in the order of their numbers where the layout numbers them, else in code-point order. */
  readonly classes: readonly string[];
}

export interface SplitCounts {
  readonly classes: number;
  readonly images: number;
}

/** The layout of a data set on disk, by name. */
export interface DatasetReader {
  readonly name: string;
  /** What its authors, or the papers that measure on it, count: by the name of the split. */
  readonly published?: Readonly<Record<string, SplitCounts>>;
  /** @throws MedoidError `file-not-found` or `invalid-dataset`, naming what is missing or wrong */
  read(directory: string): Promise<Dataset>;
}
