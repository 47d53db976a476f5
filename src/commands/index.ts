import type { CliCommand } from './command.js';
import { compare } from './compare.js';
import { datasetsVerify } from './datasets-verify.js';
import { evaluate } from './evaluate.js';
import { indexImages } from './index-images.js';
import { search } from './search.js';
import { serve } from './serve.js';
import { train } from './train.js';

/** What the verbs of two words have in common, by their first word. */
export const verbGroups: Readonly<Record<string, string>> = {
  datasets: 'Look after labelled images on disk.',
};

/** Every verb of the command line, in the order of the data flow. */
export const commands: readonly CliCommand[] = [
  ...[datasetsVerify, train, evaluate, compare],
  ...[indexImages, search, serve],
];
