import type { MeanInterval } from '../math/mean-interval.js';
import { type Comparison, type ComparisonRow, metricsOf } from './compare-losses.js';
import type { Flags } from './recipe.js';

const percent = (value: number): string => (100 * value).toFixed(2);

const renderInterval = ({ mean, halfWidth }: MeanInterval): string =>
  halfWidth === null ? percent(mean) : `${percent(mean)} ± ${percent(halfWidth)}`;

const renderFlags = (flags: Flags): string =>
  Object.entries(flags)
    .flatMap(([name, value]) =>
      typeof value === 'object' && !Array.isArray(value)
        ? Object.entries(value).map(([option, chosen]) => `${option} ${String(chosen)}`)
        : [`${name} ${String(value)}`],
    )
    .join(', ');

const metricNames = ({ floor, rows }: Comparison): string[] =>
  Object.keys(floor === undefined ? (rows[0]?.metrics ?? {}) : metricsOf(floor));

const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** A Markdown table in percent: means over the seeds ± half of the 95 % confidence interval. */
export function renderComparison(comparison: Comparison): string {
  const { title, images, classes, seeds, floor, rows } = comparison;
  const names = metricNames(comparison);
  const cellsOf = ({ metrics }: ComparisonRow): string[] =>
    names.map(name => (metrics[name] === undefined ? 'diverged' : renderInterval(metrics[name])));
  const head = ['loss', ...names, 'options of its own', 'tried', 's a seed'];
  const floorRow =
    floor === undefined
      ? []
      : [line(['*no training*', ...Object.values(metricsOf(floor)).map(percent), '', '', ''])];
  return [
    `### ${title}`,
    '',
    `Trained on ${images.training} images of ${classes.training} classes, measured on ${images.test} images of ` +
      `${classes.test} other classes; ${seeds} ${seeds === 1 ? 'seed' : 'seeds'}, in percent` +
      `${seeds === 1 ? '' : ', mean ± half of the 95 % confidence interval'}.`,
    '',
    line(head),
    `|${'---|'.repeat(head.length)}`,
    ...floorRow,
    ...rows.map(row =>
      line([
        `\`${row.name}\`${row.diverged === 0 ? '' : ` (${row.diverged} diverged)`}`,
        ...cellsOf(row),
        renderFlags(row.options),
        String(row.tried),
        row.seconds.toFixed(0),
      ]),
    ),
    '',
  ].join('\n');
}
