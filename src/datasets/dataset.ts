/** One labelled image of a data set. */
export interface Example {
  readonly path: string;
  /** Name of its class. */
  readonly label: string;
}

export interface Dataset {
  /** In the order of their class, then of their path. */
  readonly examples: readonly Example[];
  /** Names of the classes, in code-point order. */
  readonly classes: readonly string[];
}

/** The layout of a data set on disk, by name. */
export interface DatasetReader {
  readonly name: string;
  /** @throws MedoidError `file-not-found` or `invalid-dataset`, naming what is missing or wrong */
  read(directory: string): Promise<Dataset>;
}

export const inCodePointOrder = (a: string, b: string): number => {
  const left = [...a];
  const right = [...b];
  for (let i = 0; i < Math.min(left.length, right.length); i++) {
    const difference = (left[i].codePointAt(0) as number) - (right[i].codePointAt(0) as number);
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
};
