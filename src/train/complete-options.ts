import { z } from 'zod';
import { MedoidError } from '../errors.js';
import { losses } from './losses/index.js';
import { optimizers } from './optimizers/index.js';
import { samplers } from './samplers/index.js';
import {
  type ChosenSettings,
  chosenSettingsSchema,
  type GivenSettings,
  parseOptionsOf,
  type TrainingSettings,
} from './settings.js';

/**
 * Fills in every default of the options of loss, sampler and optimiser. An option that came later than a checkpoint
 * has the default that keeps things as they were, so old checkpoints are compared after this, too.
 * @throws MedoidError `invalid-option`
 */
export const completeOptions = <Settings extends Pick<TrainingSettings, 'loss' | 'sampler' | 'optimizer'>>(
  settings: Settings,
): Settings => ({
  ...settings,
  loss: parseOptionsOf(losses, settings.loss, 'loss'),
  sampler: parseOptionsOf(samplers, settings.sampler, 'sampler'),
  optimizer: parseOptionsOf(optimizers, settings.optimizer, 'optimizer'),
});

/** Fills in every default of a choice. @throws MedoidError `invalid-option` */
export function completeChoice(settings: GivenSettings): ChosenSettings {
  const parsed = chosenSettingsSchema.safeParse(settings);
  if (parsed.success) return completeOptions(parsed.data);
  throw new MedoidError('invalid-option', z.prettifyError(parsed.error), { cause: parsed.error });
}
