import { understandError } from '../errors.js';

/**
 * Writes a report once everything else is done, so that one that fails is told and costs nothing of the rest.
 * @param rest what is not lost, for the message
 * @returns its path, or null
 */
export async function tryReport(
  write: () => Promise<string>,
  { rest, tell }: { readonly rest: string; readonly tell: (line: string) => void },
): Promise<string | null> {
  try {
    return await write();
  } catch (error) {
    tell(`${rest}, but no report: ${understandError(error).message}`);
    return null;
  }
}
