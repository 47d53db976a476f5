/** One `medoid train` of the recipe; `{work}` in its options is the folder of the work. */
export interface Training {
  readonly name: string;
  readonly options: readonly string[];
}
export const trainings: readonly Training[] = [];
