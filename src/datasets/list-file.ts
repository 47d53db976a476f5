import { MedoidError } from '../errors.js';
import { readTextFile } from '../text-file.js';

/** A line of a list that a data set comes with. */
export interface Line {
  /** The file and the number of the line, for messages. */
  readonly place: string;
  readonly text: string;
}

/** @param place such as `images.txt, line 7` */
export const wrongPlace = (place: string, expected: string, got: string): MedoidError =>
  new MedoidError('invalid-dataset', `${place}: expected ${expected}, got ${JSON.stringify(got)}`);

/**
 * The lines of a text file without the blank ones, spaces around them left out.
 * @throws MedoidError `file-not-found` naming the file
 */
export async function readListFile(path: string): Promise<readonly Line[]> {
  const texts = (await readTextFile(path)).split(/\r\n|\n|\r/);
  return texts
    .map((text, i) => ({ place: `${path}, line ${i + 1}`, text: text.trim() }))
    .filter(({ text }) => text !== '');
}

/**
 * Takes a line apart.
 * @param pattern with a group a field @param expected the fields in words
 * @returns the groups
 */
export function matchLine({ place, text }: Line, pattern: RegExp, expected: string): string[] {
  const match = pattern.exec(text);
  if (match === null) throw wrongPlace(place, expected, text);
  return match.slice(1);
}

/**
 * Takes the first line away, which has to be the header.
 * @param path of the list, for the message when it is empty
 */
export function withoutHeader(lines: readonly Line[], header: string, path: string): readonly Line[] {
  const { place, text } = lines[0] ?? { place: `${path}, line 1`, text: '' };
  if (text.split(/\s+/).join(' ') !== header) throw wrongPlace(place, `the header ${header}`, text);
  return lines.slice(1);
}
