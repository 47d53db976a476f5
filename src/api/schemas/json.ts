import { z } from 'zod';

/** Not zod's own, which refers to itself by a name that is not the same in every document. */
export const jsonSchema: z.ZodType<z.core.util.JSONType> = z
  .lazy(() =>
    z.union([
      z.string(),
      z.number(),
      z.boolean(),
      z.null(),
      z.array(jsonSchema),
      z.record(z.string(), jsonSchema),
    ]),
  )
  .meta({ id: 'Json', description: 'Any JSON.' });
