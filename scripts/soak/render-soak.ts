import { formatTable } from '../../src/commands/format-table.js';
import { mostDriftScatter, mostDriftShare } from './judge-trend.js';
import type { SoakReport } from './run-soak.js';
import { judged } from './sample-server.js';

const fixed = (value: number): string => value.toFixed(1);

/** Whether nothing failed and nothing grew, as far as that can be said. */
export const isSound = ({ counts, trends }: SoakReport): boolean =>
  counts.errors === 0 && Object.values(trends ?? {}).every(({ isFlat }) => isFlat);

/** For people. */
export function renderSoak(report: SoakReport): string {
  const { seconds, items, counts, churned, samples, trends } = report;
  const rows = judged.map(name => {
    const values = samples.map(sample => sample[name]);
    const trend = trends?.[name];
    const verdict =
      trend === undefined
        ? ['–', '–', '–', 'too few samples']
        : [
            ...[trend.mean, trend.drift, trend.scatter].map(fixed),
            trend.isFlat ? 'flat' : 'grows or shrinks',
          ];
    return [name, fixed(values[0]), fixed(Math.max(...values)), fixed(values.at(-1) as number), ...verdict];
  });
  const lag = samples.map(({ eventLoopLagMs }) => eventLoopLagMs).sort((a, b) => a - b);
  const done = Object.entries(counts).map(([what, times]) => `${times} ${what}`);
  return [
    `${fixed(seconds)} s, ${items} items, each added or replaced ${fixed(churned)} times: ${done.join(', ')}`,
    formatTable([['', 'first', 'most', 'last', 'mean', 'drift', 'scatter', 'second half'], ...rows]),
    `event loop lag, p99 between two samples: ${fixed(lag[lag.length >> 1])} ms in the middle, ${fixed(lag.at(-1) as number)} at most`,
    `flat: over the second half the line of least squares moves by at most ${100 * mostDriftShare} % of the mean, or ${mostDriftScatter} times the scatter around it`,
  ].join('\n\n');
}
