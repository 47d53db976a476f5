import { z } from 'zod';
export const newJobSchema = z.strictObject({ kind: z.literal('cluster') }).meta({ id: 'NewJob' });
