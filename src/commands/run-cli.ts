import { Command, CommanderError, Option } from 'commander';
import { z } from 'zod';
import { unwrapSchema } from '../config.js';
import { type ErrorCode, errorCatalogue, MedoidError, understandError } from '../errors.js';
import { version } from '../package-version.js';
import type { CliCommand, CommandContext, CommandResult } from './command.js';
import { loadCommands, verbGroups, verbs } from './index.js';
import { type CommandInput, configDescription, isRequired, kebabCase, readInput } from './read-input.js';

const misuse = 2;

const showDefault = (value: unknown): string => {
  if (Array.isArray(value)) return value.join(',');
  return typeof value === 'object' ? '' : String(value);
};

function buildOption(name: string, schema: z.ZodType): Option {
  const inner = unwrapSchema(schema);
  const flag = `--${kebabCase(name)}`;
  const valueless = inner instanceof z.ZodBoolean;
  const option = new Option(valueless ? flag : `${flag} <value>`, schema.description ?? '');
  if (inner instanceof z.ZodEnum) option.choices(inner.options.map(String));
  if (schema instanceof z.ZodDefault && !valueless) {
    const shown = showDefault(schema.def.defaultValue);
    if (shown !== '') option.description += ` (default: ${shown})`;
  }
  return option;
}

const addOptions = (command: Command, { options, configurable = false }: CliCommand): void => {
  for (const [name, schema] of Object.entries(options.shape as Record<string, z.ZodType>)) {
    const option = buildOption(name, schema);
    // What a flag does not give, the environment or the file may.
    if (isRequired(schema) && !configurable) option.makeOptionMandatory();
    command.addOption(option);
    if (!(unwrapSchema(schema) instanceof z.ZodBoolean)) continue;
    // What is so unless it is said otherwise can be said otherwise.
    const isDefault = schema instanceof z.ZodDefault && schema.def.defaultValue === true;
    const negated = new Option(`--no-${kebabCase(name)}`, 'the contrary');
    if (configurable || isDefault)
      command.addOption(isDefault && !configurable ? negated : negated.hideHelp());
  }
  if (configurable) command.option('--config <value>', configDescription);
  command.option('--json', 'print one JSON document on stdout and nothing else there');
};

type Execute = (definition: CliCommand, input: CommandInput, json: boolean) => Promise<void>;

function buildCommand(definition: CliCommand, execute: Execute): Command {
  const command = new Command(definition.name.split(' ').at(-1)).description(definition.summary);
  const argumentEntries = Object.entries(definition.arguments.shape as Record<string, z.ZodType>);
  for (const [name, schema] of argumentEntries) {
    command.argument(isRequired(schema) ? `<${name}>` : `[${name}]`, schema.description ?? '');
  }
  addOptions(command, definition);
  command.action(async (...values: unknown[]) => {
    const { json, ...options } = command.opts<Record<string, unknown>>();
    const positional = argumentEntries.flatMap(([name], i) =>
      values[i] === undefined ? [] : [[name, values[i]]],
    );
    const input = await readInput(definition, { positional: Object.fromEntries(positional), options });
    await execute(definition, input, json === true);
  });
  return command;
}

/** The one command that a line is about, or where it names none, for help and errors, all. */
async function commandsFor(argv: readonly string[]): Promise<readonly CliCommand[]> {
  const isNamed = (verb: string): boolean => verb.split(' ').every((word, i) => word === argv[i]);
  const verb = Object.keys(verbs).find(isNamed);
  return verb === undefined ? loadCommands() : [await verbs[verb]()];
}

/** What a verb is added to: the program, or for a verb of two words the command of its first. */
function parentOf({ name }: CliCommand, program: Command): Command {
  const [group, verb] = name.split(' ');
  if (verb === undefined) return program;
  const known = program.commands.find(command => command.name() === group);
  return known ?? program.command(group).description(verbGroups[group]);
}

/** Aborts on the first SIGINT or SIGTERM; the second ends the process at once. */
function stopOnSignal(controller: AbortController): () => void {
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(errorCatalogue.interrupted.exit);
    process.stderr.write('\nstopping; once more to stop at once\n');
    controller.abort(new MedoidError('interrupted', 'stopped on request'));
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  return () => process.off('SIGINT', stop).off('SIGTERM', stop);
}

const printJsonError = (code: ErrorCode, message: string): void =>
  void process.stdout.write(`${JSON.stringify({ error: { code, message } })}\n`);

function printError(thrown: unknown, json: boolean): number {
  const { code, message } = understandError(thrown);
  process.stderr.write(`medoid: ${code}: ${message}\n`);
  if (code === 'internal-error' && thrown instanceof Error) process.stderr.write(`${thrown.stack}\n`);
  if (json) printJsonError(code, message);
  return errorCatalogue[code].exit;
}

/**
 * Runs one command line.
 * @returns the exit code: 0 ok, 1 failure, 2 misuse, 130 stopped on request
 */
export async function runCli(argv: readonly string[]): Promise<number> {
  const controller = new AbortController();
  const release = stopOnSignal(controller);
  let exitCode = 0;

  const execute: Execute = async (definition, { parsed, sources }, json) => {
    const answer = (result: CommandResult): void => {
      process.stdout.write(`${json ? JSON.stringify(result.json) : result.text}\n`);
      exitCode = result.exitCode ?? 0;
    };
    const report = (line: string): void => void process.stderr.write(`${line}\n`);
    const context: CommandContext = { signal: controller.signal, json, report, answer, sources };
    const result = await definition.run(parsed as never, context);
    if (result !== undefined) answer(result);
  };

  const program = new Command('medoid')
    .description('Learn an image embedding, index a catalog, answer query-by-image.')
    .version(version)
    .exitOverride()
    .showHelpAfterError('(--help shows what is expected)');
  for (const definition of await commandsFor(argv)) {
    const command = buildCommand(definition, execute);
    command.copyInheritedSettings(program);
    parentOf(definition, program).addCommand(command);
  }

  try {
    await program.parseAsync([...argv], { from: 'user' });
    return exitCode;
  } catch (error) {
    const json = argv.includes('--json');
    if (!(error instanceof CommanderError)) return printError(error, json);
    if (error.exitCode === 0) return 0;
    // Commander has told people; programs get their one document.
    if (json) printJsonError('invalid-option', error.message.replace(/^error: /, ''));
    return misuse;
  } finally {
    release();
  }
}
