import type { z } from 'zod';

/** One entry of a registry: a loss, a sampler or an optimiser by its name, and how it is made of its options. */
export interface Definition<Made, Options extends z.ZodType = z.ZodType> {
  readonly name: string;
  /** What it is and where it comes from, in a line. */
  readonly summary: string;
  /** Strict, with every default, each described. */
  readonly options: Options;
  create(options: z.output<Options>): Made;
}
