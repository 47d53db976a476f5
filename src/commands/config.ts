import { z } from 'zod';
import { type CommandResult, defineCommand } from './command.js';
import { formatTable } from './format-table.js';
import { asksForKeys, requestsPerMinute, serverSettings } from './server-settings.js';

const show = (value: unknown): string => {
  if (value === null || (Array.isArray(value) && value.length === 0)) return '(none)';
  return Array.isArray(value) ? value.join(',') : String(value);
};

export const config = defineCommand({
  name: 'config',
  summary: 'Show the settings that `medoid serve` would have, and where each comes from.',
  arguments: z.strictObject({}),
  options: serverSettings,
  configurable: true,
  async run(given, { sources = {} }): Promise<CommandResult> {
    const effective = { ...given, rateLimit: requestsPerMinute(given) };
    const names = Object.keys(serverSettings.shape) as (keyof typeof effective)[];
    const settings = names.map(name => {
      const { kind, name: from } = sources[name];
      return { name, value: effective[name] ?? null, source: kind, from };
    });
    const keys = asksForKeys(given);
    return {
      json: {
        settings: Object.fromEntries(settings.map(({ name, ...setting }) => [name, setting])),
        asksForKeys: keys,
      },
      text: `${formatTable([
        ['setting', 'value', 'from'],
        ...settings.map(({ name, value, from }) => [name, show(value), from]),
      ])}\n\nkeys are ${keys ? '' : 'not '}asked for`,
    };
  },
});
