import type { CliCommand } from './command.js';

/** Every verb of the command line, in the order of the data flow. */
export const commands: readonly CliCommand[] = [];
