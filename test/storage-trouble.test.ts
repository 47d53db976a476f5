import { describe, expect, it } from 'vitest';
import { MedoidError, understandError } from '../src/errors.js';

const failure = (code: string, cause?: unknown): Error =>
  Object.assign(new Error(`it says ${code}`, { cause }), { code });

describe('a failure of the disk', () => {
  it.each(['ENOSPC', 'EDQUOT', 'EFBIG', 'SQLITE_FULL'])('is told as storage-full when it is %s', code => {
    expect(understandError(failure(code))).toMatchObject({
      code: 'storage-full',
      message: `it says ${code}`,
    });
  });

  it.each([
    'EROFS',
    'EACCES',
    'EPERM',
    'EIO',
    'SQLITE_READONLY',
    'SQLITE_READONLY_DBMOVED',
    'SQLITE_IOERR_WRITE',
    'SQLITE_CORRUPT',
    'SQLITE_CORRUPT_INDEX',
  ])('is told as storage-failed when it is %s', code => {
    expect(understandError(failure(code)).code).toBe('storage-failed');
  });

  it('is seen behind what it looked like, when the disk is full', () => {
    const damaged = new MedoidError('invalid-gallery', 'it cannot be opened', {
      cause: failure('SQLITE_FULL'),
    });
    expect(understandError(damaged)).toMatchObject({ code: 'storage-full', message: 'it cannot be opened' });
    const other = new MedoidError('invalid-gallery', 'it cannot be opened', { cause: failure('EACCES') });
    expect(understandError(other)).toBe(other);
    const request = new MedoidError('invalid-request', 'no', { cause: failure('ENOSPC') });
    expect(understandError(request)).toBe(request);
  });

  it('is nothing else, and nothing else is it', () => {
    expect(understandError(failure('ENOENT')).code).toBe('internal-error');
    expect(understandError(failure('SQLITE_CONSTRAINT')).code).toBe('internal-error');
  });
});
