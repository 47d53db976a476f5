import type { CliCommand } from './command.js';
import { indexImages } from './index-images.js';
import { search } from './search.js';

/** Every verb of the command line, in the order of the data flow. */
export const commands: readonly CliCommand[] = [indexImages, search];
