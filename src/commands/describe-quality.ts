import type { EmbeddingQuality } from '../evaluation/evaluate-embeddings.js';
import type { IndexQuality } from '../evaluation/evaluate-through-index.js';
import type { RetrievalMetrics } from '../math/retrieval-tally.js';

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

const clusteringRows = ({ nmi, ami, ari, f1 }: EmbeddingQuality): Row[] => [
  ['NMI, geometric', nmi.geometric],
  ['NMI, arithmetic', nmi.arithmetic],
  ['AMI', ami],
  ['ARI', ari],
  ['F1', f1],
];

const line = ([name, ...values]: Row): string =>
  `${name.padEnd(16)}${values.map(value => value.toFixed(4)).join('    ')}`;

function describeRetrieval(quality: EmbeddingQuality): string[] {
  const exact = retrievalRows(quality);
  if (quality.index === undefined) return exact.map(line);
  const through = retrievalRows(quality.index);
  return [
    `${' '.repeat(16)}${'exact'.padEnd(10)}${quality.index.name}`,
    ...exact.map(([name, ...values], i) => line([name, ...values, through[i][1]])),
  ];
}

function describeIndex({ name, nearestFoundAt, buildSeconds, queriesPerSecond }: IndexQuality): string[] {
  const { exact, index } = queriesPerSecond;
  return [
    ...byK('nearest found', nearestFoundAt).map(([label, value]) => `${label.padEnd(20)}${value.toFixed(4)}`),
    `${name}: built in ${buildSeconds.toFixed(1)} s, ${index.toFixed(0)} queries a second; exact ${exact.toFixed(0)}`,
  ];
}

/** What `evaluate` prints for people. */
export function describeQuality(title: string, quality: EmbeddingQuality): string {
  const { queries, classes, singletons, index } = quality;
  return [
    `${title}: ${queries} queries of ${classes} classes, ${singletons} with nothing of their class to be found`,
    ...describeRetrieval(quality),
    ...clusteringRows(quality).map(line),
    ...(index === undefined ? [] : describeIndex(index)),
  ].join('\n');
}
