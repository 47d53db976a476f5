import { parseOptionsOf } from '../settings.js';
import { networks } from './index.js';
import type { NetworkDefinition, NetworkSource } from './network.js';

/**
 * A network of the registry, from random weights.
 * @throws MedoidError `invalid-option`
 */
export function namedNetwork(named: NetworkSource['settings']): NetworkSource {
  const settings = parseOptionsOf(networks, named, 'network');
  const { build } = networks.find(({ name }) => name === settings.name) as NetworkDefinition;
  return { settings, build: async shape => build(settings.options, shape) };
}
