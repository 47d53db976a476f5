import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { z } from 'zod';
import { commands } from '../src/commands/index.js';
import { datasets } from '../src/datasets/index.js';
import { losses } from '../src/train/losses/index.js';
import { networks } from '../src/train/networks/index.js';

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

  it('lists every option of every loss with its default', () => {
    const text = read('docs/training.md');
    for (const loss of losses) {
      for (const [name, value] of defaultsOf(loss)) {
        const shown = typeof value === 'number' ? String(value) : `\`${String(value)}\``;
        expect(text).toContain(`| \`${name}\` | ${shown} |`);
      }
    }
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
    const calls = pages.flatMap(page => [
      ...read(page).matchAll(
        /(?:medoid --|\$ medoid|\bmedoid) (datasets verify|train|evaluate|index|search|serve)\b([^\n`]*)/g,
      ),
    ]);
    expect(calls.length).toBeGreaterThan(8);
    for (const [, verb, rest] of calls) {
      const command = commands.find(({ name }) => name === verb);
      const known = ['json', 'help', ...Object.keys(command?.options.shape ?? {})];
      for (const [, flag] of rest.matchAll(/ --([a-z-]+)/g)) {
        const name = flag.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
        expect(known, `${verb} --${flag}`).toContain(name);
      }
    }
  });

  it('names the package scripts it tells people to run', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = pages.flatMap(page =>
      [...read(page).matchAll(/npm run (?:-s )?([\w:]+)/g)].map(([, name]) => name),
    );
    for (const name of named) expect(Object.keys(scripts)).toContain(name);
  });
});
