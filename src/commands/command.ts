import { z } from 'zod';

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

/** A number given as text on the command line, checked by `schema`. */
export const numeric = <Schema extends z.ZodType<number, number>>(schema: Schema) =>
  z
    .string()
    .trim()
    .min(1)
    .transform((text, context) => {
      const value = Number(text);
      if (Number.isFinite(value)) return value;
      context.addIssue({ code: 'custom', message: `expected a number, got ${JSON.stringify(text)}` });
      return z.NEVER;
    })
    .pipe(schema);

/** The same with the default that the schema has. */
export const numericWithDefault = (schema: z.ZodDefault<z.ZodType<number, number>>) =>
  numeric(schema.unwrap()).default(schema.parse(undefined));

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

/** Names separated by commas. */
export const nameList = z.string().transform(text =>
  text
    .split(',')
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
