import { join } from 'node:path';
import { auditKeys } from '../../catalog/audit-keys.js';
import type { FolderCheck } from './check.js';

const file = 'keys.sqlite';

export const keys: FolderCheck = {
  name: 'keys',
  what: 'the file of the API keys, and each of them',
  needs: 'folder',
  async check({ directory, tell }) {
    const { faults, oddKeys } = auditKeys(join(directory, file));
    for (const { detail } of faults) tell({ code: 'keys-unusable', file, detail });
    for (const [keyId, detail] of oddKeys) tell({ code: 'key-odd', keyId, file, detail });
  },
};
