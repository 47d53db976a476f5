import { losses } from './losses/index.js';
import { networks } from './networks/index.js';
import { samplers } from './samplers/index.js';
import { parseOptionsOf, type TrainingSettings } from './settings.js';

/**
 * Fills in every default of the options of network, loss and sampler. An option that came later than a checkpoint has
 * the default that keeps things as they were, so old checkpoints are compared after this, too.
 * @throws MedoidError `invalid-option`
 */
export const completeOptions = <Settings extends Pick<TrainingSettings, 'network' | 'loss' | 'sampler'>>(
  settings: Settings,
): Settings => ({
  ...settings,
  network: parseOptionsOf(networks, settings.network, 'network'),
  loss: parseOptionsOf(losses, settings.loss, 'loss'),
  sampler: parseOptionsOf(samplers, settings.sampler, 'sampler'),
});
