import { formatTable } from '../../src/commands/format-table.js';
import type { CrashReport } from './run-rounds.js';

/** How a line on what is wrong begins. */
const kinds = ['lost', 'ghost', 'other than acknowledged', 'torn', 'other recall', 'other neighbours'];

/** For people. */
export function renderCrash(report: CrashReport): string {
  const { rounds, kills, powerCuts, acknowledged, checks, items, wrong } = report;
  const count = (kind: string): number => wrong.filter(line => line.startsWith(`${kind}:`)).length;
  const counted = kinds.map(kind => [kind, String(count(kind))]);
  const others = wrong.length - kinds.reduce((sum, kind) => sum + count(kind), 0);
  return formatTable([
    ['what', 'how many'],
    ['rounds, each a kill', String(rounds)],
    ...Object.entries(kills).map(([phase, times]) => [`  killed during ${phase}`, String(times)]),
    ['  followed by a power cut', String(powerCuts)],
    ['writes acknowledged', String(acknowledged)],
    ['things there after a round', `${items.least} to ${items.most}`],
    ['checks', String(checks)],
    ...counted,
    ['anything else', String(others)],
  ]);
}
