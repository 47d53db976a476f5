import { closeSync, existsSync, openSync, readSync } from 'node:fs';

/** Calls `use` with the open file, or answers nothing where there is none. */
export function withFile<T>(path: string, use: (file: number) => T): T | undefined {
  if (!existsSync(path)) return undefined;
  const file = openSync(path, 'r');
  try {
    return use(file);
  } finally {
    closeSync(file);
  }
}

/** @returns nothing when the file ends before */
export function readAt(file: number, position: number, length: number): Buffer | undefined {
  const bytes = Buffer.alloc(length);
  return readSync(file, bytes, 0, length, position) === length ? bytes : undefined;
}
