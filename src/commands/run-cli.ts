import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { z } from 'zod';
import { type ErrorCode, errorCatalogue, MedoidError, understandError } from '../errors.js';
import type { CliCommand, CommandContext, CommandResult } from './command.js';
import { loadCommands, verbGroups, verbs } from './index.js';

const misuse = 2;

/** As flags are written. */
export const kebabCase = (name: string): string =>
  name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);

const unwrap = (schema: z.ZodType): z.ZodType => {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional) {
    return unwrap(schema.def.innerType as z.ZodType);
  }
  return schema;
};

const isRequired = (schema: z.ZodType): boolean =>
  !(schema instanceof z.ZodDefault || schema instanceof z.ZodOptional);

const showDefault = (value: unknown): string => {
  if (Array.isArray(value)) return value.join(',');
  return typeof value === 'object' ? '' : String(value);
};

function buildOption(name: string, schema: z.ZodType): Option {
  const inner = unwrap(schema);
  const flag = `--${kebabCase(name)}`;
  const valueless = inner instanceof z.ZodBoolean;
  const option = new Option(valueless ? flag : `${flag} <value>`, schema.description ?? '');
  if (inner instanceof z.ZodEnum) option.choices(inner.options.map(String));
  if (isRequired(schema)) option.makeOptionMandatory();
  if (schema instanceof z.ZodDefault && !valueless) {
    const shown = showDefault(schema.def.defaultValue);
    if (shown !== '') option.description += ` (default: ${shown})`;
  }
  return option;
}

/** Says which flag or argument is wrong, what was expected and what came. */
function explain(
  error: z.ZodError,
  argumentNames: ReadonlySet<string>,
  given: Record<string, unknown>,
): MedoidError {
  const lines = error.issues.map(issue => {
    const name = String(issue.path[0] ?? '');
    const shown = argumentNames.has(name) ? `<${name}>` : `--${kebabCase(name)}`;
    return `${shown} ${JSON.stringify(given[name])}: ${issue.message}`;
  });
  return new MedoidError('invalid-option', lines.join('\n'));
}

function buildCommand(
  definition: CliCommand,
  execute: (definition: CliCommand, input: never, json: boolean) => Promise<void>,
): Command {
  const command = new Command(definition.name.split(' ').at(-1)).description(definition.summary);
  for (const [name, schema] of Object.entries(definition.arguments.shape)) {
    command.argument(isRequired(schema) ? `<${name}>` : `[${name}]`, schema.description ?? '');
  }
  for (const [name, schema] of Object.entries(definition.options.shape)) {
    command.addOption(buildOption(name, schema as z.ZodType));
  }
  command.option('--json', 'print one JSON document on stdout and nothing else there');
  const argumentNames = Object.keys(definition.arguments.shape);
  command.action(async (...values: unknown[]) => {
    const { json, ...options } = command.opts<Record<string, unknown>>();
    const positional = argumentNames.flatMap((name, i) =>
      values[i] === undefined ? [] : [[name, values[i]]],
    );
    const given = { ...Object.fromEntries(positional), ...options };
    const parsed = definition.arguments.extend(definition.options.shape).safeParse(given);
    if (!parsed.success) throw explain(parsed.error, new Set(argumentNames), given);
    await execute(definition, parsed.data as never, json === true);
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

const version = (): string =>
  z
    .object({ version: z.string() })
    .parse(JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))).version;

/**
 * Runs one command line.
 * @returns the exit code: 0 ok, 1 failure, 2 misuse, 130 stopped on request
 */
export async function runCli(argv: readonly string[]): Promise<number> {
  const controller = new AbortController();
  const release = stopOnSignal(controller);
  let exitCode = 0;

  const execute = async (definition: CliCommand, input: never, json: boolean): Promise<void> => {
    const answer = (result: CommandResult): void => {
      process.stdout.write(`${json ? JSON.stringify(result.json) : result.text}\n`);
      exitCode = result.exitCode ?? 0;
    };
    const report = (line: string): void => void process.stderr.write(`${line}\n`);
    const context: CommandContext = { signal: controller.signal, json, report, answer };
    const result = await definition.run(input, context);
    if (result !== undefined) answer(result);
  };

  const program = new Command('medoid')
    .description('Learn an image embedding, index a catalog, answer query-by-image.')
    .version(version())
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
