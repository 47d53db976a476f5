import { z } from 'zod';
import { type CommandResult, defineCommand } from './command.js';
import { galleryOption, useKeys } from './use-keys.js';

export const keysRevoke = defineCommand({
  name: 'keys revoke',
  summary: 'Revoke an API key: a server refuses it from the next request on.',
  arguments: z.strictObject({ id: z.string().min(1).describe('the eight characters after medoid_') }),
  options: z.strictObject({ gallery: galleryOption }),
  async run({ id, gallery }, { report }): Promise<CommandResult> {
    const record = useKeys(gallery, { access: 'write', report }, keys => keys.revoke(id));
    return { json: record, text: `revoked ${record.id} (${record.name}) at ${record.revokedAt}` };
  },
});
