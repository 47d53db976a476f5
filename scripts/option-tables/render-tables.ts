import { z } from 'zod';
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

/** Every generated table, by the name in its markers. */
const tables: Readonly<Record<string, () => string>> = {
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

/**
 * The page with what stands between `<!-- table: name -->` and `<!-- end -->` written anew from the registries.
 * @throws Error when the page has not every table once
 */
export function renderTables(page: string): string {
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
