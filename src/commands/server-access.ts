import { z } from 'zod';
import { ProblemError } from '../client/medoid-client.js';
import { readApiKey } from '../config.js';
import { type ErrorCode, errorCatalogue, MedoidError, messageOf } from '../errors.js';
import { readTextFile } from '../text-file.js';

export const keyFileOption = z
  .string()
  .min(1)
  .optional()
  .describe(
    'file that holds the API key and nothing else (default: the variable MEDOID_KEY, if there is one)',
  );

/** Not a flag of its own: who lists processes sees those. @throws MedoidError `file-not-found`, `file-unusable` */
export async function findApiKey(keyFile: string | undefined): Promise<string | undefined> {
  if (keyFile === undefined) return readApiKey();
  const key = (await readTextFile(keyFile)).trim();
  if (/^\S+$/.test(key)) return key;
  throw new MedoidError(
    'file-unusable',
    `${keyFile}: expected one API key, got ${key === '' ? 'nothing' : 'more'}`,
  );
}

const isOfCatalogue = (code: string): code is ErrorCode => Object.hasOwn(errorCatalogue, code);

const hints: Partial<Record<ErrorCode, string>> = {
  unauthenticated: '; the key is read from --key-file or from MEDOID_KEY',
  forbidden: '; another key may be allowed to',
};

/** Why a request came to nothing, beneath what `fetch` says of it. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  if (!(cause instanceof Error)) return messageOf(error);
  return cause.message === '' && 'code' in cause ? String(cause.code) : cause.message;
}

/**
 * What a server has refused, under its own code; what is no answer of such a server, or none at all, as `server-unusable`.
 * @throws MedoidError
 */
export function understandServer(error: unknown, url: string): never {
  if (error instanceof MedoidError) throw error;
  if (error instanceof ProblemError) {
    const { code, message, status } = error;
    if (isOfCatalogue(code) && status < 500) {
      throw new MedoidError(code, `${url}: ${message}${hints[code] ?? ''}`, { cause: error });
    }
    throw new MedoidError('server-unusable', `${url}: ${message}`, { cause: error });
  }
  // `fetch` and the reading of JSON tell of the rest so.
  if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
  throw new MedoidError('server-unusable', `${url}: ${causeOf(error)}`, { cause: error });
}
