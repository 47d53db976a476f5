/** What a disk says of itself, as Node and SQLite tell it. */
const codes = {
  'storage-full': /^(ENOSPC|EDQUOT|EFBIG|SQLITE_FULL|SQLITE_IOERR_SHMSIZE)$/,
  'storage-failed': /^(EROFS|EACCES|EPERM|EIO|SQLITE_(READONLY|IOERR|CANTOPEN|PERM|CORRUPT|NOTADB)(_.*)?)$/,
} as const;

/** Nothing where neither the error nor what it came of is of the disk. */
export function storageTrouble(error: unknown): keyof typeof codes | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as NodeJS.ErrnoException;
    if (codes['storage-full'].test(String(code))) return 'storage-full';
    if (codes['storage-failed'].test(String(code))) return 'storage-failed';
  }
  return undefined;
}
