import { z } from 'zod';
import { clustererNames, findClusterer } from '../cluster/index.js';
import type { Example } from '../datasets/dataset.js';
import { isInSplit } from '../datasets/select-split.js';
import { colourHistogram } from '../embed/colour-histogram.js';
import { type Embedder, OnnxEmbedder } from '../embed/embedder.js';
import { perceptualHashBits } from '../embed/perceptual-hash.js';
import { MedoidError } from '../errors.js';
import { embedExamples } from '../evaluation/embed-examples.js';
import { evaluateEmbeddings } from '../evaluation/evaluate-embeddings.js';
import type { IndexToMeasure } from '../evaluation/evaluate-through-index.js';
import { resolveModel } from '../hub/kept-models.js';
import { type CropCount, cropCounts } from '../images/preprocessing.js';
import type { RetrievalRows } from '../math/relevant-ranks.js';
import { requireReportPath } from '../report/require-report-path.js';
import { HnswIndex } from '../vector-index/hnsw.js';
import { type CommandResult, defineCommand, numeric, seedOption } from './command.js';
import { datasetOptions, openDataset, splitPairOption } from './dataset-options.js';
import { describeQuality } from './describe-quality.js';
import { neighbourCountsOption, worstOption } from './measuring-options.js';
import { modelsOption } from './models-option.js';
import { createProgress } from './progress.js';
import { reportEvaluation, reportOption } from './report-evaluation.js';
import { tryReport } from './try-report.js';

/** What looks at pictures without having learnt anything. */
const baselineNames = ['colour-histogram', 'perceptual-hash'] as const;

interface Embedding {
  readonly model?: string | undefined;
  readonly models: string;
  readonly baseline?: (typeof baselineNames)[number] | undefined;
  readonly crops: CropCount;
}

/** @throws MedoidError `invalid-option` */
function checkEmbedding({ model, baseline, crops }: Embedding): void {
  if ((model === undefined) === (baseline === undefined)) {
    throw new MedoidError('invalid-option', 'expected either --model or --baseline', { field: 'model' });
  }
  if (baseline !== undefined && crops !== 1) {
    throw new MedoidError(
      'invalid-option',
      `expected --crops 1 for ${baseline}, which looks at the whole image; got ${crops}`,
      { field: 'crops' },
    );
  }
}

const baselines: Readonly<Record<(typeof baselineNames)[number], Embedder>> = {
  'colour-histogram': colourHistogram,
  'perceptual-hash': perceptualHashBits,
};

/** @param embedding as `checkEmbedding` wants it */
const openEmbedder = async ({ model, models, baseline, crops }: Embedding): Promise<Embedder> =>
  baseline === undefined
    ? OnnxEmbedder.open(resolveModel(model as string, models), { crops })
    : baselines[baseline];

const indexes: Record<'none' | 'hnsw', IndexToMeasure | undefined> = {
  none: undefined,
  hnsw: { name: 'hnsw', create: dimension => new HnswIndex(dimension) },
};

/** Rows of the two sides of `queries:gallery`, or of one split on both. */
function rowsOf(examples: readonly Example[], split: string): RetrievalRows {
  const [queries, gallery = queries] = split.split(':');
  const rowsIn = (name: string): number[] =>
    examples.flatMap((example, row) => (isInSplit(example, name) ? [row] : []));
  return { queries: rowsIn(queries), gallery: rowsIn(gallery) };
}

export const evaluate = defineCommand({
  name: 'evaluate',
  summary: 'Measure how well a model retrieves and clusters the images of a data set by their class.',
  arguments: z.strictObject({}),
  options: z.strictObject({
    ...datasetOptions,
    split: splitPairOption('query:gallery or test where there are such, else all'),
    model: z.string().min(1).optional().describe('model directory, or name of a model in --models'),
    models: modelsOption,
    baseline: z.enum(baselineNames).optional().describe('measure this instead of a model'),
    k: neighbourCountsOption,
    crops: numeric(z.literal(cropCounts))
      .default(1)
      .describe('windows of an image whose embeddings are averaged: 1, 2, 5 or 10'),
    index: z
      .enum(['none', 'hnsw'])
      .default('none')
      .describe('also search through this index, to compare it with the exact search'),
    clusterer: z.enum(clustererNames).default('k-means').describe('what the clusters are made by'),
    seed: seedOption,
    worst: worstOption,
    report: reportOption,
  }),
  async run(input, { signal, report: tell }): Promise<CommandResult> {
    checkEmbedding(input);
    if (input.report !== undefined) await requireReportPath(input.report);
    const { dataset, split } = await openDataset(input, ['query:gallery', 'test']);
    const { examples } = dataset;
    const clusterer = findClusterer(input.clusterer, examples.length);
    const embedder = await openEmbedder(input);
    const progress = createProgress('embed', examples.length, 'images');
    try {
      const embeddings = await embedExamples(examples, embedder, {
        signal,
        onProgress: done => progress.update(done),
      }).finally(progress.close);
      const { block, labels, embedded, failed } = embeddings;
      const rows = rowsOf(embedded, split);
      const quality = await evaluateEmbeddings(block, labels, {
        ks: input.k,
        seed: input.seed,
        clusterer,
        rows,
        index: indexes[input.index],
        worst: { count: input.worst, nameOf: label => embeddings.classNames[label] },
        signal,
      });
      const { report: path } = input;
      const name = embedder.modelId;
      const write = async (to: string): Promise<string> => {
        await reportEvaluation(to, { name, input, split, embeddings, rows, quality, signal });
        return to;
      };
      const report =
        path === undefined
          ? null
          : await tryReport(() => write(path), { rest: 'the answer is complete', tell });
      const asked = {
        split,
        images: labels.length,
        gallery: rows.gallery.length,
        crops: input.crops,
        clusterer: input.clusterer,
      };
      const left = failed.map(({ path, message }) => `left out ${path}: ${message}`);
      return {
        json: { modelId: name, ...asked, ...quality, failed, report },
        text: [...left, describeQuality(`${name} on ${split}`, quality)].join('\n'),
        exitCode: failed.length > 0 || (path !== undefined && report === null) ? 1 : 0,
      };
    } finally {
      await embedder.close();
    }
  },
});
