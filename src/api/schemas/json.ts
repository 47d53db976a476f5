import { z } from 'zod';

export const jsonSchema = z.json().meta({ id: 'Json', description: 'Any JSON.' });
