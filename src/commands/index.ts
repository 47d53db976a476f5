import type { CliCommand } from './command.js';
import { evaluate } from './evaluate.js';
import { indexImages } from './index-images.js';
import { search } from './search.js';
import { serve } from './serve.js';
import { train } from './train.js';

/** Every verb of the command line, in the order of the data flow. */
export const commands: readonly CliCommand[] = [train, evaluate, indexImages, search, serve];
