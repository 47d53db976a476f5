import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { generatedPages, renderTables } from '../scripts/option-tables/render-tables.js';
import { loadCommands } from '../src/commands/index.js';
import { datasets } from '../src/datasets/index.js';
import { losses } from '../src/train/losses/index.js';
import { networks } from '../src/train/networks/index.js';
import { samplers } from '../src/train/samplers/index.js';
import { trainingSettingsSchema } from '../src/train/settings.js';

const commands = await loadCommands();
const root = resolve(import.meta.dirname, '..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');
const pages = [
  ...readdirSync(root).filter(name => name.endsWith('.md')),
  ...readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.md'))
    .map(name => join('docs', name)),
];

const defaultsOf = ({ options }: { options: z.ZodType }): [string, unknown][] =>
  Object.entries(options.parse({}) as Record<string, unknown>);

describe('the documentation', () => {
  it.each(pages)('leads somewhere with every link of %s', page => {
    const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)/g)].map(([, link]) => link);
    for (const link of links) expect(existsSync(join(root, dirname(page), link)), link).toBe(true);
  });

  it('numbers its decisions without gaps, none twice', () => {
    const names = readdirSync(join(root, 'docs/decisions')).sort();
    for (const [i, name] of names.entries()) {
      const number = String(i + 1).padStart(4, '0');
      expect(name.slice(0, 5)).toBe(`${number}-`);
      expect(read(join('docs/decisions', name))).toMatch(new RegExp(`^# ${number} `));
    }
  });

  it.each(Object.entries(generatedPages))('has its generated tables as they are in %s', (page, tables) => {
    const text = read(page);
    // `npm run docs` writes them.
    expect(text).toBe(renderTables(text, tables));
  });

  it.each(commands.map(({ name, options }) => [name, options] as const))(
    'lists every option of %s with its meaning',
    (name, { shape }) => {
      const [, section] = read('docs/options.md').split(`## medoid ${name}\n`);
      const [table] = section.split('<!-- end -->');
      for (const [option, schema] of Object.entries(shape)) {
        const flag = `--${option.replace(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)}`;
        const row = table.split('\n').find(line => line.startsWith(`| \`${flag}\` |`));
        expect(row?.replaceAll('\\<', '<'), flag).toContain((schema as z.ZodType).description);
      }
    },
  );

  it('lists every loss and sampler and each of their options with its default and its meaning', () => {
    const text = read('docs/training.md');
    for (const definition of [...losses, ...samplers]) {
      const { shape } = definition.options as z.ZodObject;
      expect(text).toContain(`| \`${definition.name}\` | ${definition.summary} |`);
      for (const [name, value] of defaultsOf(definition)) {
        const shown = typeof value === 'number' ? String(value) : `\`${String(value)}\``;
        const row = text
          .split('\n')
          .find(line => line.startsWith(`| \`${definition.name}\` | \`${name}\` |`));
        expect(row).toContain(`| ${shown} |`);
        expect(row).toContain(`| ${shape[name].description} |`);
      }
    }
  });

  it('refuses a page that lacks a table or has one that nobody knows', () => {
    const text = read('docs/training.md');
    expect(() => renderTables(text.replace('<!-- table: losses -->', ''))).toThrow(/expected the tables/);
    expect(() => renderTables(`${text}\n<!-- table: magic -->\n<!-- end -->\n`)).toThrow(/magic/);
  });

  it('lists every option of training that decides the weights in the help', () => {
    const train = commands.find(({ name }) => name === 'train');
    const settings = Object.keys(trainingSettingsSchema.shape).filter(
      // Given field by field.
      name => name !== 'augmentation' && name !== 'preprocessing',
    );
    expect(Object.keys(train?.options.shape ?? {})).toEqual(expect.arrayContaining(settings));
    for (const [name, schema] of Object.entries(train?.options.shape ?? {}))
      expect((schema as z.ZodType).description, name).toBeTruthy();
  });

  it('lists every network with its options', () => {
    const text = read('docs/training.md');
    for (const network of networks) {
      const options = defaultsOf(network).map(([name, value]) => `\`${name}\` ${String(value)}`);
      expect(text).toContain(`| \`${network.name}\` | ${options.join(', ')} |`);
    }
  });

  it('lists every layout of a data set, and what is published of it', () => {
    const text = read('docs/datasets.md');
    for (const { name, published = {} } of datasets) {
      expect(text).toContain(`\n| \`${name}\` | `);
      for (const [split, { classes, images }] of Object.entries(published)) {
        const counts = [classes, images].map(count => count.toLocaleString('en')).join(' | ');
        expect(text).toContain(`| \`${name}\` | \`${split}\` | ${counts} |`);
      }
    }
  });

  it('uses only verbs and options there are', () => {
    // The longer ones first: one may begin like another.
    const verbs = commands
      .map(({ name }) => name)
      .sort((a, b) => b.length - a.length)
      .join('|');
    const calls = pages.flatMap(page => [
      ...read(page).matchAll(new RegExp(`(?:medoid --|\\$ medoid|\\bmedoid) (${verbs})\\b([^\\n\`]*)`, 'g')),
    ]);
    expect(calls.length).toBeGreaterThan(8);
    for (const [, verb, rest] of calls) {
      const command = commands.find(({ name }) => name === verb);
      const known = ['json', 'help', ...Object.keys(command?.options.shape ?? {})];
      if (command?.configurable) known.push('config');
      for (const [, flag] of rest.matchAll(/ --([a-z-]+)/g)) {
        const name = flag
          .replace(/^no-/, '')
          .replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
        expect(known, `${verb} --${flag}`).toContain(name);
      }
    }
  });

  it('names the package scripts it tells people to run', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = pages.flatMap(page =>
      [...read(page).matchAll(/npm run (?:-s )?([\w:-]+)/g)].map(([, name]) => name),
    );
    for (const name of named) expect(Object.keys(scripts)).toContain(name);
  });
});
