import { homedir } from 'node:os';
import { z } from 'zod';
import { problemsOf } from '../../src/api/openapi.js';
import { listOperations } from '../../src/api/operations/index.js';
import type { CliCommand } from '../../src/commands/command.js';
import { loadCommands } from '../../src/commands/index.js';
import { configDescription, kebabCase } from '../../src/commands/read-input.js';
import { type ErrorCode, errorCatalogue } from '../../src/errors.js';
import { findingCatalogue } from '../../src/gallery/doctor/finding-catalogue.js';
import { knownModels } from '../../src/hub/known-models.js';
import { losses } from '../../src/train/losses/index.js';
import { optimizers } from '../../src/train/optimizers/index.js';
import { samplers } from '../../src/train/samplers/index.js';

interface Definition {
  readonly name: string;
  readonly summary: string;
  readonly options: z.ZodType;
}

type Row = readonly string[];

const code = (text: unknown): string => `\`${String(text)}\``;

function renderTable(head: Row, rows: readonly Row[]): string {
  const line = (cells: Row): string => `| ${cells.join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

/** What a value may be: the words of an enumeration, or the ends of a range, an open one in round brackets. */
function describeValues(schema: z.ZodType): string {
  const json = z.toJSONSchema(schema, { io: 'input' });
  if (json.enum !== undefined) return json.enum.map(code).join(' ');
  const { minimum, exclusiveMinimum, maximum, exclusiveMaximum } = json;
  const from = minimum === undefined ? `(${exclusiveMinimum ?? '−∞'}` : `[${minimum}`;
  const to = maximum === undefined ? `${exclusiveMaximum ?? '∞'})` : `${maximum}]`;
  return `${json.type === 'integer' ? 'whole, ' : ''}${from}, ${to}`;
}

const rowsOf = ({ name, options }: Definition): Row[] => {
  const { shape } = options as z.ZodObject;
  const defaults = options.parse({}) as Record<string, unknown>;
  return Object.entries(shape).map(([option, schema]) => {
    const value = defaults[option];
    const shown = typeof value === 'number' ? String(value) : code(value);
    return [code(name), code(option), shown, describeValues(schema as z.ZodType), schema.description ?? ''];
  });
};

const renderSummaries = (head: Row, definitions: readonly Definition[]): string =>
  renderTable(
    head,
    definitions.map(({ name, summary }) => [code(name), summary]),
  );

const renderOptions = (kind: string, definitions: readonly Definition[]): string =>
  renderTable([kind, 'option', 'default', 'values', 'meaning'], definitions.flatMap(rowsOf));

const commands = await loadCommands();

type Tables = Readonly<Record<string, () => string>>;

/** Flags of one verb: what they are for and what they are unless given. */
function renderFlags({ options, configurable = false }: CliCommand): string {
  const rows = Object.entries(options.shape as Record<string, z.ZodType>).map(([name, schema]) => {
    const parsed = schema.safeParse(undefined);
    const isPlace = typeof parsed.data === 'string' && parsed.data.startsWith(homedir());
    const given = isPlace ? String(parsed.data).replace(homedir(), '~') : parsed.data;
    const isEmpty = given === undefined || ['[]', '{}'].includes(JSON.stringify(given));
    const shown = isEmpty ? '' : code(Array.isArray(given) ? given.join(',') : given);
    const flag = `--${kebabCase(name)}`;
    return [
      code(flag),
      parsed.success ? shown : 'required',
      (schema.description ?? '').replaceAll('<', '\\<'),
    ];
  });
  if (configurable) rows.push([code('--config'), '', configDescription]);
  return renderTable(['option', 'default', 'meaning'], rows);
}

/** Tables of `docs/training.md`, by the name in their markers. */
const trainingTables: Tables = {
  losses: () => renderSummaries(['loss', 'what it does'], losses),
  'loss-options': () => renderOptions('loss', losses),
  'loss-terms': () =>
    renderTable(
      ['loss', 'name', 'meaning'],
      losses.flatMap(({ name, terms }) =>
        Object.entries(terms).map(([term, meaning]) => [code(name), code(term), meaning]),
      ),
    ),
  samplers: () => renderSummaries(['sampler', 'its batches'], samplers),
  'sampler-options': () => renderOptions('sampler', samplers),
  optimizers: () => renderSummaries(['optimiser', 'what it is'], optimizers),
  'optimizer-options': () => renderOptions('optimiser', optimizers),
};

/** Every code that a request can be answered with, by status. */
function renderProblems(): string {
  const codes = new Set(listOperations().flatMap(problemsOf));
  const entries = Object.entries(errorCatalogue).filter(([name]) => codes.has(name as ErrorCode));
  const byStatus = entries.sort(([, a], [, b]) => a.status - b.status);
  return renderTable(
    ['status', 'code', 'meaning'],
    byStatus.map(([name, { status, title }]) => [String(status), code(name), title]),
  );
}

/** Tables of `docs/api.md`. */
const interfaceTables: Tables = {
  operations: () =>
    renderTable(
      ['request', 'scope', 'what it does', 'method of the client'],
      listOperations().map(({ method, path, access, summary, id }) => [
        code(`${method.toUpperCase()} ${path}`),
        access,
        summary,
        code(id),
      ]),
    ),
  problems: renderProblems,
};

/** Tables of `docs/operating.md`. */
const operatingTables: Tables = {
  findings: () =>
    renderTable(
      ['finding', 'severity', 'meaning', 'with `--fix`', 'what else to do'],
      Object.entries(findingCatalogue).map(([name, { severity, meaning, mend, advice }]) => [
        code(name),
        severity,
        meaning,
        mend ?? 'left as it is',
        advice ?? '',
      ]),
    ),
};

/** Tables of `docs/models.md`. */
const modelTables: Tables = {
  'known-models': () =>
    renderTable(
      ['name', 'what it is', 'numbers', 'MB', 'licence', 'repository and file'],
      knownModels.map(({ name, summary, dimension, bytes, license, repository, file }) => [
        code(name),
        summary,
        String(dimension),
        String(Math.round(bytes / 1e6)),
        license,
        `${code(repository)}, ${code(file)}`,
      ]),
    ),
  'known-looks': () =>
    renderTable(
      ['name', 'commit', 'resized', 'cropped', 'output', 'pooling'],
      knownModels.map(({ name, revision, preprocessing: { resize, fit, crop }, output, pooling }) => [
        ...[code(name), code(revision.slice(0, 12)), `${resize}, ${code(fit)}`, String(crop)],
        output === undefined ? 'the only one' : code(output),
        pooling === undefined ? 'none' : code(pooling),
      ]),
    ),
};

/** Every page with generated tables, and what they are. */
export const generatedPages: Readonly<Record<string, Tables>> = {
  'docs/models.md': modelTables,
  'docs/training.md': trainingTables,
  'docs/api.md': interfaceTables,
  'docs/operating.md': operatingTables,
  'docs/options.md': Object.fromEntries(
    commands.map(command => [command.name.replace(' ', '-'), () => renderFlags(command)]),
  ),
};

/**
 * The page with what stands between `<!-- table: name -->` and `<!-- end -->` written anew from the registries.
 * @throws Error when the page has not every table once
 */
export function renderTables(page: string, tables: Tables = trainingTables): string {
  const found: string[] = [];
  const rendered = page.replace(
    /(<!-- table: ([\w-]+) -->\n)[\s\S]*?(<!-- end -->)/g,
    (_, start: string, name: string, end: string) => {
      found.push(name);
      return `${start}\n${tables[name]?.() ?? ''}\n\n${end}`;
    },
  );
  const expected = Object.keys(tables).sort().join(', ');
  const actual = found.sort().join(', ');
  if (actual !== expected) throw new Error(`expected the tables ${expected}, got ${actual}`);
  return rendered;
}
