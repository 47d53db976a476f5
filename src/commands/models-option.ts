import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { modelNamePattern } from '../hub/kept-models.js';

export const modelsOption = z
  .string()
  .min(1)
  .default(join(homedir(), '.cache', 'medoid', 'models'))
  .describe('folder of pulled models');

export const modelName = z
  .string()
  .regex(modelNamePattern, 'expected letters, digits, ., - and _, no folder')
  .refine(name => !/\.(pulling|tmp|old)$/.test(name), 'expected another ending');
