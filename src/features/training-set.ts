/** What is trained on, as the trainer asks for it. */
export interface TrainingSet {
  /** Class number of each example: [examples]. */
  readonly labels: Int32Array;
  /** Network input as it is embedded: [n, ...input shape], here [n, dimension] features of the centre view. */
  load(batch: readonly number[]): Promise<Float32Array>;
  /** Network input, each varied at random; the seed names the draw. */
  loadVaried(batch: readonly number[], seed: string): Promise<Float32Array>;
}
