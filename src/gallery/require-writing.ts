import { MedoidError } from '../errors.js';

/** @throws MedoidError `read-only` */
export function requireWriting(access: 'read' | 'write'): void {
  if (access === 'write') return;
  throw new MedoidError('read-only', 'the gallery is open for reading; open it for writing');
}
