import { z } from 'zod';
import { keyScopes } from '../catalog/key-rows.js';
import { type CommandResult, defineCommand, numeric } from './command.js';
import { galleryOption, useKeys } from './use-keys.js';

export const keysCreate = defineCommand({
  name: 'keys create',
  summary: 'Make an API key of a gallery and print it, this once.',
  arguments: z.strictObject({}),
  options: z.strictObject({
    gallery: galleryOption,
    name: z
      .string()
      .trim()
      .regex(/^\P{Cc}{1,100}$/u, 'expected 1 to 100 characters, all printable')
      .describe('who or what it is for'),
    scope: z
      .enum(keyScopes)
      .default('read')
      .describe('what it allows: each of read, write and admin includes those before it'),
    rateLimit: numeric(z.number().int().min(0))
      .optional()
      .describe('requests a minute; 0 = no limit (default: as the server has it)'),
  }),
  async run({ gallery, name, scope, rateLimit = null }, { report }): Promise<CommandResult> {
    const { key, record } = useKeys(gallery, { access: 'write', report }, keys =>
      keys.create({ name, scopes: [scope], rateLimit }),
    );
    report(`key ${record.id} allows ${record.scopes.join(', ')}; keep it now: it cannot be shown again`);
    return { json: { key, ...record }, text: key };
  },
});
