import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MedoidError, messageOf } from '../errors.js';

/**
 * Refuses a path that no report can be written to, before the work that it would be about.
 * @throws MedoidError `file-unusable`
 */
export async function requireReportPath(path: string): Promise<void> {
  const folder = dirname(path);
  try {
    await access(folder, constants.W_OK);
  } catch (error) {
    throw new MedoidError('file-unusable', `expected a folder to write the report in: ${messageOf(error)}`, {
      cause: error,
    });
  }
  const there = await stat(path).catch(() => undefined);
  if (there?.isDirectory()) {
    throw new MedoidError('file-unusable', `expected a file to write the report to, got the folder ${path}`);
  }
}
