import { z } from 'zod';
import { listModelNames, requireModel, tryModel } from '../hub/kept-models.js';
import { type CommandResult, defineCommand } from './command.js';
import { describeModels, showModel } from './describe-models.js';
import { modelName, modelsOption } from './models-option.js';

export const modelsVerify = defineCommand({
  name: 'models verify',
  summary: 'Compare the weights of the models that are kept with their hashes, and run each once.',
  arguments: z.strictObject({ name: modelName.optional().describe('only this one') }),
  options: z.strictObject({ models: modelsOption }),
  async run({ name, models: folder }, { signal }): Promise<CommandResult> {
    if (name !== undefined) await requireModel(folder, name);
    const names = name === undefined ? await listModelNames(folder) : [name];
    const models = [];
    for (const each of names) {
      signal.throwIfAborted();
      models.push(await tryModel(folder, each));
    }
    return {
      json: { models: models.map(showModel) },
      text: models.length === 0 ? `no models in ${folder} yet` : describeModels(models),
      exitCode: models.some(({ fault }) => fault !== undefined) ? 1 : 0,
    };
  },
});
