import { z } from 'zod';
import type { KeyRecord } from '../catalog/key-store.js';
import { type CommandResult, defineCommand } from './command.js';
import { formatTable } from './format-table.js';
import { galleryOption, useKeys } from './use-keys.js';

const rowOf = (key: KeyRecord): string[] => [
  key.id,
  key.scopes[key.scopes.length - 1],
  key.rateLimit === null ? 'as the server' : String(key.rateLimit),
  key.createdAt,
  key.lastUsedAt ?? 'never',
  key.revokedAt ?? '',
  key.name,
];

export const keysList = defineCommand({
  name: 'keys list',
  summary: 'List the API keys of a gallery, revoked ones too, without their secrets.',
  arguments: z.strictObject({}),
  options: z.strictObject({ gallery: galleryOption }),
  async run({ gallery }, { report }): Promise<CommandResult> {
    const keys = useKeys(gallery, { access: 'read', report }, store => store.list());
    const head = ['id', 'scope', 'requests a minute', 'created', 'last used', 'revoked', 'name'];
    return {
      json: { keys },
      text: keys.length === 0 ? 'no keys yet' : formatTable([head, ...keys.map(rowOf)]),
    };
  },
});
