import { z } from 'zod';
import { removeModel } from '../hub/kept-models.js';
import { type CommandResult, defineCommand } from './command.js';
import { lockFolder } from './lock-folder.js';
import { modelName, modelsOption } from './models-option.js';

export const modelsRemove = defineCommand({
  name: 'models remove',
  summary:
    'Remove a model, or what a stopped pull left of it. Galleries have copies of theirs and stay as they are.',
  arguments: z.strictObject({ name: modelName.describe('as models list shows it') }),
  options: z.strictObject({ models: modelsOption }),
  async run({ name, models }): Promise<CommandResult> {
    await removeModel(models, name, lockFolder);
    return { json: { removed: name }, text: `removed ${name} from ${models}` };
  },
});
