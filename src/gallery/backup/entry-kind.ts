import { entryNames } from './backup-format.js';

export type EntryKind = 'image' | 'model' | keyof typeof entryNames;

const byName = new Map<string, EntryKind>(
  Object.entries(entryNames).map(([kind, name]) => [name, kind as EntryKind]),
);

/** A name that stays in its folder: no way up, no separator of any system, nothing that a terminal acts on. */
const fileName = String.raw`(?!\.{1,2}(?:/|$))[^/\\\p{Cc}]{1,255}`;
const modelPattern = new RegExp(`^models/${fileName}/${fileName}$`, 'u');
const imagePattern = /^images\/([0-9a-f]{2})\/\1[0-9a-f]{62}$/;

/** What an entry of that name is; nothing where a backup has none such. */
export function entryKind(name: string): EntryKind | undefined {
  if (imagePattern.test(name)) return 'image';
  if (modelPattern.test(name)) return 'model';
  return byName.get(name);
}
