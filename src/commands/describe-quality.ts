import type { NeighbourQuality } from '../evaluation/evaluate-neighbours.js';
import type { IndexQuality } from '../evaluation/evaluate-through-index.js';
import type { Agreement } from '../math/agreement.js';
import type { ClassQuality } from '../math/class-tally.js';
import type { RetrievalMetrics } from '../math/retrieval-tally.js';
import { formatTable } from './format-table.js';

/** What was measured here or on a server; of a server it is not known how quick its index is by itself. */
type MeasuredIndex = NeighbourQuality & { readonly name: string } & Partial<IndexQuality>;

export interface MeasuredQuality extends RetrievalMetrics, Partial<Agreement> {
  readonly classes: number;
  readonly index?: MeasuredIndex | undefined;
  /** Worst first. */
  readonly worst?: readonly ClassQuality[] | undefined;
}

/** A name and one or more numbers beside it. */
type Row = readonly [name: string, ...values: number[]];

const byK = (name: string, values: Record<number, number>): Row[] =>
  Object.entries(values).map(([k, value]) => [`${name}@${k}`, value]);

const retrievalRows = ({ recallAt, precisionAt, rPrecision, mapAtR }: RetrievalMetrics): Row[] => [
  ...byK('Recall', recallAt),
  ...byK('Precision', precisionAt),
  ['R-precision', rPrecision],
  ['MAP@R', mapAtR],
];

const clusteringRows = ({ nmi, ami, ari, f1 }: MeasuredQuality): Row[] =>
  [
    ['NMI, geometric', nmi?.geometric] as const,
    ['NMI, arithmetic', nmi?.arithmetic] as const,
    ['AMI', ami] as const,
    ['ARI', ari] as const,
    ['F1', f1] as const,
  ].flatMap(([name, value]): Row[] => (value === undefined ? [] : [[name, value]]));

const line = ([name, ...values]: Row): string =>
  `${name.padEnd(16)}${values.map(value => value.toFixed(4)).join('    ')}`;

function describeRetrieval(quality: MeasuredQuality): string[] {
  const exact = retrievalRows(quality);
  if (quality.index === undefined) return exact.map(line);
  const through = retrievalRows(quality.index);
  return [
    `${' '.repeat(16)}${'exact'.padEnd(10)}${quality.index.name}`,
    ...exact.map(([name, ...values], i) => line([name, ...values, through[i][1]])),
  ];
}

function describeIndex({ name, nearestFoundAt, buildSeconds, queriesPerSecond }: MeasuredIndex): string[] {
  const speed =
    buildSeconds === undefined || queriesPerSecond === undefined
      ? []
      : [
          `${name}: built in ${buildSeconds.toFixed(1)} s, ${queriesPerSecond.index.toFixed(0)} queries a second; ` +
            `exact ${queriesPerSecond.exact.toFixed(0)}`,
        ];
  return [
    ...byK('nearest found', nearestFoundAt).map(([label, value]) => `${label.padEnd(20)}${value.toFixed(4)}`),
    ...speed,
  ];
}

const describeWorst = (worst: readonly ClassQuality[]): string =>
  formatTable([
    ['worst classes', 'queries', 'Recall@1', 'R-precision', 'MAP@R', 'mistaken for'],
    ...worst.map(({ label, queries, recallAt1, rPrecision, mapAtR, mistakenFor }) => [
      label,
      String(queries),
      ...[recallAt1, rPrecision, mapAtR].map(value => value.toFixed(4)),
      mistakenFor === null ? '' : `${mistakenFor.label} (${mistakenFor.queries})`,
    ]),
  ]);

/** What an evaluation prints for people. */
export function describeQuality(title: string, quality: MeasuredQuality): string {
  const { queries, classes, singletons, index, worst = [] } = quality;
  return [
    `${title}: ${queries} queries of ${classes} classes, ${singletons} with nothing of their class to be found`,
    ...describeRetrieval(quality),
    ...clusteringRows(quality).map(line),
    ...(index === undefined ? [] : describeIndex(index)),
    ...(worst.length === 0 ? [] : [describeWorst(worst)]),
  ].join('\n');
}
