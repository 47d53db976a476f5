import { z } from 'zod';
import { environmentName, type GivenSetting, readConfiguration, type SettingSource } from '../config.js';
import { MedoidError } from '../errors.js';
import type { CliCommand } from './command.js';

/** As flags are written. */
export const kebabCase = (name: string): string =>
  name.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`);

/** Of the flag `--config`, which every configurable command has. */
export const configDescription =
  'JSON file of these settings; flags go before variables such as MEDOID_PORT, and those before the file';

export const isRequired = (schema: z.ZodType): boolean =>
  !(schema instanceof z.ZodDefault || schema instanceof z.ZodOptional);

export interface CommandInput {
  /** Arguments and options, checked. */
  readonly parsed: Record<string, unknown>;
  /** Where each option came from. */
  readonly sources: Readonly<Record<string, SettingSource>>;
}

type Given = Readonly<Record<string, GivenSetting>>;

const byDefault: SettingSource = { kind: 'default', name: 'default' };

const labelOf = (name: string, { kind, name: source }: SettingSource): string =>
  kind === 'file' ? `${source}: ${name}` : source;

/** Says which flag, argument, variable or line of a file is wrong, what was expected and what came. */
function explain({ issues }: z.ZodError, given: Given): MedoidError {
  const lines = issues.map(({ path: [field = ''], message }) => {
    const name = String(field);
    if (Object.hasOwn(given, name)) {
      const { value, source } = given[name];
      return `${labelOf(name, source)} ${JSON.stringify(value)}: ${message}`;
    }
    const elsewhere = `nor ${environmentName(name)}, nor ${JSON.stringify(name)} in a file of --config`;
    return `required option '--${kebabCase(name)} <value>' not given, ${elsewhere}`;
  });
  const [field] = issues[0].path;
  return new MedoidError('invalid-option', lines.join('\n'), { field: String(field) });
}

const flagOf = (name: string, value: unknown): string =>
  `--${value === false ? 'no-' : ''}${kebabCase(name)}`;

const fromLine = (
  values: Readonly<Record<string, unknown>>,
  label: (name: string, value: unknown) => string,
): Given =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [
      name,
      { value, source: { kind: 'flag', name: label(name, value) } } as const,
    ]),
  );

/**
 * What a command is asked to do: by its command line, and if it is configurable by the environment and a file too.
 * @param line its arguments and options as they were written, by name; `config` is the file
 * @throws MedoidError `invalid-option` naming what is wrong by where it came from, or what is wrong with the file
 */
export async function readInput(
  definition: CliCommand,
  line: {
    readonly positional: Readonly<Record<string, unknown>>;
    readonly options: Readonly<Record<string, unknown>>;
  },
): Promise<CommandInput> {
  const { configurable = false, arguments: positional, options } = definition;
  const { config, ...flags } = line.options;
  const file = config as string | undefined;
  const configured = configurable ? await readConfiguration(options.shape, { file }) : {};
  const given: Given = {
    ...configured,
    ...fromLine(line.positional, name => `<${name}>`),
    ...fromLine(configurable ? flags : line.options, flagOf),
  };
  const values = Object.fromEntries(Object.entries(given).map(([name, { value }]) => [name, value]));
  const parsed = positional.extend(options.shape).safeParse(values);
  if (!parsed.success) throw explain(parsed.error, given);
  const sources = Object.keys(options.shape).map(name => [name, given[name]?.source ?? byDefault] as const);
  return { parsed: parsed.data, sources: Object.fromEntries(sources) };
}
