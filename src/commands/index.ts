import type { CliCommand } from './command.js';

/** What the verbs of two words have in common, by their first word. */
export const verbGroups: Readonly<Record<string, string>> = {
  datasets: 'Look after labelled images on disk.',
  models: 'Bring models of the Hugging Face hub, and look after those that are kept.',
  keys: 'Look after the API keys of a gallery.',
};

/**
 * Every verb of the command line, in the order of the data flow, and what loads it: each costs the time of what it needs,
 * so that `serve` and `search` do not wait for what trains.
 */
export const verbs: Readonly<Record<string, () => Promise<CliCommand>>> = {
  'datasets verify': async () => (await import('./datasets-verify.js')).datasetsVerify,
  'models pull': async () => (await import('./models-pull.js')).modelsPull,
  'models list': async () => (await import('./models-list.js')).modelsList,
  'models verify': async () => (await import('./models-verify.js')).modelsVerify,
  'models remove': async () => (await import('./models-remove.js')).modelsRemove,
  train: async () => (await import('./train.js')).train,
  evaluate: async () => (await import('./evaluate.js')).evaluate,
  'evaluate-api': async () => (await import('./evaluate-api.js')).evaluateApi,
  compare: async () => (await import('./compare.js')).compare,
  index: async () => (await import('./index-images.js')).indexImages,
  search: async () => (await import('./search.js')).search,
  cluster: async () => (await import('./cluster.js')).cluster,
  dedupe: async () => (await import('./dedupe.js')).dedupe,
  serve: async () => (await import('./serve.js')).serve,
  doctor: async () => (await import('./doctor.js')).doctor,
  backup: async () => (await import('./backup.js')).backup,
  restore: async () => (await import('./restore.js')).restore,
  config: async () => (await import('./config.js')).config,
  'keys create': async () => (await import('./keys-create.js')).keysCreate,
  'keys list': async () => (await import('./keys-list.js')).keysList,
  'keys revoke': async () => (await import('./keys-revoke.js')).keysRevoke,
};

export const loadCommands = (): Promise<readonly CliCommand[]> =>
  Promise.all(Object.values(verbs).map(load => load()));
