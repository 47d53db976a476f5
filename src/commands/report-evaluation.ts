import { basename } from 'node:path';
import { z } from 'zod';
import type { EmbeddedExamples } from '../evaluation/embed-examples.js';
import type { EmbeddingQuality } from '../evaluation/evaluate-embeddings.js';
import type { RetrievalRows } from '../math/relevant-ranks.js';
import { writeReport } from '../report/write-report.js';
import { nameWithin, reportedEmbeddings } from './reported-embeddings.js';

export const reportOption = z
  .string()
  .regex(/\.html$/, 'expected a name that ends in .html')
  .optional()
  .describe('HTML file to write a report of the evaluation to; replaces one that is there');

interface Evaluation {
  /** What was measured: a model's id or a baseline. */
  readonly name: string;
  readonly input: {
    readonly data: string;
    readonly dataset: string;
    readonly classes: string;
    readonly excludeClasses: readonly string[];
    readonly model?: string | undefined;
    readonly clusterer: string;
    readonly seed: number;
  };
  readonly split: string;
  readonly embeddings: EmbeddedExamples;
  readonly rows: RetrievalRows;
  readonly quality: EmbeddingQuality;
  readonly signal: AbortSignal;
}

function factsOf({ name, input, split, embeddings, rows, quality }: Evaluation): [string, string][] {
  const excluded = input.excludeClasses.length === 0 ? '' : `, without ${input.excludeClasses.join(', ')}`;
  return [
    ['measured', name],
    ...(input.model === undefined ? [] : [['model directory', basename(input.model)] as [string, string]]),
    ['data set', `${basename(input.data)} (${input.dataset})`],
    ['classes chosen', `${input.classes}${excluded}`],
    ['split', split],
    ['classes', String(quality.classes)],
    ['images', String(embeddings.labels.length)],
    ['searched', `${rows.gallery.length} images`],
    ['queries', `${quality.queries}, and ${quality.singletons} with nothing of their class to be found`],
    ['dimension', String(embeddings.block.dimension)],
    ['clusters by', input.clusterer],
    ['seed', String(input.seed)],
  ];
}

/** Writes the report of one evaluation. @throws MedoidError as `writeReport`, or where an image is not there any more */
export async function reportEvaluation(path: string, evaluation: Evaluation): Promise<void> {
  const { name, input, embeddings, rows, quality, signal } = evaluation;
  const left = embeddings.failed.map(
    ({ path, message }) => `Left out ${nameWithin(input.data, path)}: ${message}`,
  );
  await writeReport(
    path,
    {
      title: `Evaluation of ${name} on ${basename(input.data)}`,
      facts: factsOf(evaluation),
      warnings: left,
      quality: [
        { name: quality.index === undefined ? name : 'exact', values: quality },
        ...(quality.index === undefined ? [] : [{ name: quality.index.name, values: quality.index }]),
      ],
      worst: quality.worst ?? [],
      embeddings: {
        ...reportedEmbeddings({ ...embeddings, examples: embeddings.embedded }, input.data),
        rows,
      },
    },
    { seed: input.seed, signal },
  );
}
