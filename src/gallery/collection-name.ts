import { type ErrorCode, MedoidError } from '../errors.js';

/** Safe in a path and in an address. */
export const collectionNamePattern = /^[A-Za-z0-9][\w.-]{0,63}$/;

/** @throws MedoidError of the code given */
export function checkCollectionName(name: string, code: ErrorCode, field: string): void {
  if (collectionNamePattern.test(name)) return;
  throw new MedoidError(
    code,
    `expected a name of up to 64 letters, digits, ".", "_", "-", got ${JSON.stringify(name)}`,
    { field },
  );
}
