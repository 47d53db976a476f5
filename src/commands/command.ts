import { z } from 'zod';
import type { SettingSource } from '../config.js';

/** What a command gets from the outside: where to talk, and when to stop. */
export interface CommandContext {
  /** Aborted by SIGINT or SIGTERM. */
  readonly signal: AbortSignal;
  /** Whether `--json` was given: stdout then holds exactly one JSON document. */
  readonly json: boolean;
  /** For people, on stderr. */
  readonly report: (line: string) => void;
  /** Prints an answer before the command ends; for commands that stay, such as `serve`. */
  readonly answer: (result: CommandResult) => void;
  /** Where each option of a configurable command came from, by its name. */
  readonly sources?: Readonly<Record<string, SettingSource>>;
}

/** An answer in both forms: `json` for machines, `text` for people. */
export interface CommandResult {
  readonly json: unknown;
  readonly text: string;
  /** 0 unless given. */
  readonly exitCode?: number;
}

/**
 * A verb of the command line. Flags are the kebab-case names of the fields of `options`; their help, their defaults
 * and their checks all come from the schema.
 */
export interface CliCommand<
  Arguments extends z.ZodObject = z.ZodObject,
  Options extends z.ZodObject = z.ZodObject,
> {
  /** One word, or two when the first is one of `verbGroups`. */
  readonly name: string;
  readonly summary: string;
  readonly arguments: Arguments;
  readonly options: Options;
  /** Whether options may also come from the environment and from the file that `--config` names. */
  readonly configurable?: boolean;
  /** Returns the answer, or nothing when `context.answer` has given it. */
  run(
    input: z.output<Arguments> & z.output<Options>,
    context: CommandContext,
  ): Promise<CommandResult | undefined>;
}

/** Keeps the types of one command's options while the registry forgets them. */
export const defineCommand = <Arguments extends z.ZodObject, Options extends z.ZodObject>(
  command: CliCommand<Arguments, Options>,
): CliCommand => command as unknown as CliCommand;

const isNumberOrText = (value: unknown): value is number | string =>
  typeof value === 'number' || (typeof value === 'string' && value.trim() !== '');

/** A number, as text on the command line and as such in a file, checked by `schema`. */
export const numeric = <Schema extends z.ZodType<number, number>>(schema: Schema) =>
  z
    .custom<number | string>(isNumberOrText, 'expected a number')
    .transform((given, context) => {
      const value = Number(given);
      if (Number.isFinite(value)) return value;
      context.addIssue({ code: 'custom', message: `expected a number, got ${JSON.stringify(given)}` });
      return z.NEVER;
    })
    .pipe(schema);

/** The same with the default that the schema has. */
export const numericWithDefault = (schema: z.ZodDefault<z.ZodType<number, number>>) =>
  numeric(schema.unwrap()).default(schema.parse(undefined));

/** JSON as text on the command line, checked by `schema`. */
export const jsonText = <Schema extends z.ZodType>(schema: Schema) =>
  z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue({ code: 'custom', message: 'expected JSON' });
        return z.NEVER;
      }
    })
    .pipe(schema);

/** `name=value,name=value`: numbers and true or false are taken for what they are, all else is text. */
export const nameValuePairs = z.string().transform((text, context): Record<string, unknown> => {
  const entries = text
    .split(',')
    .filter(pair => pair.trim() !== '')
    .map(pair => pair.split('='));
  if (entries.some(parts => parts.length !== 2)) {
    context.addIssue({ code: 'custom', message: 'expected name=value,name=value' });
    return z.NEVER;
  }
  const parse = (value: string): unknown => {
    if (value === 'true' || value === 'false') return value === 'true';
    return value !== '' && Number.isFinite(Number(value)) ? Number(value) : value;
  };
  return Object.fromEntries(entries.map(([name, value]) => [name.trim(), parse(value.trim())]));
});

const isNamesOrText = (value: unknown): value is string | readonly string[] =>
  typeof value === 'string' || (Array.isArray(value) && value.every(name => typeof name === 'string'));

/** Names, as text separated by commas on the command line and as an array in a file. */
export const nameList = z
  .custom<string | readonly string[]>(isNamesOrText, 'expected names separated by commas')
  .transform(given =>
    (typeof given === 'string' ? given.split(',') : given)
      .map(name => name.trim())
      .filter(name => name !== ''),
  );

/** Shared by every command in which something is random. */
export const seedOption = numeric(
  z
    .number()
    .int()
    .min(0)
    .max(2 ** 31 - 1),
)
  .default(0)
  .describe('seed of everything random');
