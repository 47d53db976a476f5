import type { ListedEntry } from './backup-format.js';

/**
 * The manifest, a line an entry in the order of the backup. It says nothing but what was written, so whoever reads a
 * backup can make it anew from what was read: unless the two are the same to the last byte, something was changed.
 */
export function* manifestLines(entries: readonly ListedEntry[]): Generator<Buffer> {
  yield Buffer.from('{"entries":[\n');
  for (const [i, { name, bytes, sha256 }] of entries.entries()) {
    const comma = i + 1 < entries.length ? ',' : '';
    yield Buffer.from(`${JSON.stringify({ name, bytes, sha256 })}${comma}\n`);
  }
  yield Buffer.from(']}\n');
}
