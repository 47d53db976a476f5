import { formatTable } from '../../src/commands/format-table.js';
import type { Driven } from './drive.js';
import { picturesOf } from './make-gallery.js';
import type { LoadReport, SearchReport } from './measure-load.js';

const mebibytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(0)} MiB`;
const fixed = (value: number, digits: number): string =>
  Number.isFinite(value) ? value.toFixed(digits) : '–';

const head = ['connections', 'searches/s', 'p50 ms', 'p95', 'p99', 'max', 'errors'];

const cellsOf = ({ connections, perSecond, latencyMs, errors, refused }: Driven): string[] => {
  const { p50, p95, p99, max } = latencyMs;
  const times = [p50, p95, p99, max].map(ms => fixed(ms, 1));
  return [String(connections), fixed(perSecond, perSecond < 100 ? 1 : 0), ...times, String(errors + refused)];
};

const renderSearches = (searches: readonly SearchReport[]): string =>
  formatTable([
    ['search', ...head, 'decode ms', 'embed ms', 'search ms', 'CPU ms'],
    ...searches.map(({ name, stagesMs: { decode, embed, search }, processorMs, ...driven }) => [
      name,
      ...cellsOf(driven),
      ...[decode, embed, search, processorMs].map(ms => fixed(ms, 2)),
    ]),
  ]);

function renderMixed({ alone, beside, uploads }: NonNullable<LoadReport['mixed']>): string {
  const rows = { 'by-id, alone': alone, 'by-id, beside': beside, 'by-picture': uploads };
  return formatTable([
    ['mixed', ...head],
    ...Object.entries(rows).map(([name, driven]) => [name, ...cellsOf(driven)]),
  ]);
}

const renderCrowd = ({
  connections,
  seconds,
  perSecond,
  answers,
  refused,
  errors,
  latencyMs,
}: Driven): string =>
  `crowd: ${connections} connections upload for ${fixed(seconds, 1)} s: ${answers} answers (${fixed(perSecond, 0)}/s, ` +
  `p99 ${fixed(latencyMs.p99, 0)} ms), ${refused} times 503 with Retry-After, ${errors} of any other kind`;

function renderSetting({
  machine,
  gallery,
  start,
  startSeconds,
  recall,
  residentBytes,
}: LoadReport): string[] {
  const made = gallery.seconds === undefined ? 'there already' : `made in ${fixed(gallery.seconds, 1)} s`;
  return [
    `${machine.cores} × ${machine.processor}, Node ${machine.node}; the client runs beside the server`,
    `${gallery.items} items × ${gallery.dimension}, vectors in clusters of 100, seeded, unit length; ` +
      `${picturesOf(gallery.items)} pictures shared by all items; ${made}, ${mebibytes(gallery.bytes)}`,
    start === undefined
      ? `start ${fixed(startSeconds, 1)} s`
      : `start without a snapshot of the index ${fixed(start.withoutSnapshotSeconds, 1)} s, and ` +
        `${fixed(start.indexedSeconds, 1)} s until the index was built; with one ` +
        `(${mebibytes(start.snapshotBytes)}) ${fixed(startSeconds, 1)} s`,
    `the graph finds ${fixed(100 * recall, 2)} % of the exact 10 nearest of stored vectors; resident memory ` +
      `${mebibytes(residentBytes.atFirst)} at first, ${mebibytes(residentBytes.atLast)} at last`,
  ];
}

/** For people. */
export function renderLoad(report: LoadReport): string {
  const { searches, mixed, crowd, errors } = report;
  return [
    renderSetting(report).join('\n'),
    ...(searches.length === 0 ? [] : [renderSearches(searches)]),
    ...(mixed === undefined ? [] : [renderMixed(mixed)]),
    ...(crowd === undefined ? [] : [renderCrowd(crowd)]),
    `${errors} errors`,
  ].join('\n\n');
}
