import { z } from 'zod';
import { examineModel, listModelNames } from '../hub/kept-models.js';
import { knownModels } from '../hub/known-models.js';
import { type CommandResult, defineCommand } from './command.js';
import { describeModels, showModel } from './describe-models.js';
import { modelsOption } from './models-option.js';

export const modelsList = defineCommand({
  name: 'models list',
  summary: 'List the models that are kept, whether each is whole, and what can be pulled.',
  arguments: z.strictObject({}),
  options: z.strictObject({ models: modelsOption }),
  async run({ models: folder }, { signal }): Promise<CommandResult> {
    const names = await listModelNames(folder);
    const models = [];
    for (const name of names) {
      signal.throwIfAborted();
      models.push(await examineModel(folder, name));
    }
    const others = knownModels.filter(({ name }) => !names.includes(name));
    const available = others.map(({ name, summary, bytes, license, dimension, repository }) => ({
      ...{ name, summary, bytes, license, dimension, repository },
    }));
    const offers = available.map(
      ({ name, summary, bytes }) => `to be pulled: ${name}, ${Math.round(bytes / 1e6)} MB: ${summary}`,
    );
    const kept = models.length === 0 ? `no models in ${folder} yet` : describeModels(models);
    return {
      json: { models: models.map(showModel), available },
      text: [kept, ...offers].join('\n'),
    };
  },
});
