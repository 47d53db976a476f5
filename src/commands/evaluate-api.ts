import { z } from 'zod';
import { evaluateServer, type ServerQuality } from '../api-evaluation/evaluate-server.js';
import { itemFilterSchema } from '../catalog/item-filter.js';
import { MedoidClient } from '../client/medoid-client.js';
import { requireReportPath } from '../report/require-report-path.js';
import { writeReport } from '../report/write-report.js';
import { type CommandContext, type CommandResult, defineCommand, seedOption } from './command.js';
import { describeQuality } from './describe-quality.js';
import { neighbourCountsOption, worstOption } from './measuring-options.js';
import { reportOption } from './report-evaluation.js';
import { findApiKey, keyFileOption, understandServer } from './server-access.js';
import { createStages } from './stages.js';
import { tryReport } from './try-report.js';

/** So often a request that the server has no room for is sent again, each time after as long as it asks for. */
const retries = 20;
/** Searches go no further (docs/api.md). */
const furthestHit = 10_000;

const filterOption = z
  .string()
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: 'custom', message: 'expected a filter as JSON' });
      return z.NEVER;
    }
  })
  .pipe(itemFilterSchema)
  .optional()
  .describe('only items that it holds for: JSON, as of a search');

interface Measured {
  readonly url: string;
  readonly collection: string;
  readonly seed: number;
  readonly quality: ServerQuality;
}

/** What is to be known of the numbers. */
function warningsOf({ clusteringFailure, gone }: ServerQuality): string[] {
  return [
    ...(clusteringFailure === null ? [] : [`No clustering: ${clusteringFailure}`]),
    ...(gone === 0 ? [] : [`${gone} items went while they were measured, and were left out`]),
  ];
}

async function reportServer(
  path: string,
  { url, collection, seed, quality }: Measured,
  { signal }: Pick<CommandContext, 'signal'>,
): Promise<string> {
  const { index, worst, ...exact } = quality;
  await writeReport(
    path,
    {
      title: `Evaluation of ${collection} at ${url}`,
      facts: [
        ['server', url],
        ['collection', collection],
        ['model', quality.modelId],
        ['items', `${quality.items} with a label`],
        ['classes', String(quality.classes)],
        ['queries', `${quality.queries}, and ${quality.singletons} with nothing of their class to be found`],
        ['clusters by', 'k-means'],
        ['seed', String(seed)],
      ],
      warnings: warningsOf(quality),
      quality: [
        { name: 'exact', values: exact },
        { name: index.name, values: index },
      ],
      worst,
    },
    { seed, signal },
  );
  return path;
}

export const evaluateApi = defineCommand({
  name: 'evaluate-api',
  summary: 'Measure a collection of a running server by its labels, with nothing but its HTTP interface.',
  arguments: z.strictObject({}),
  options: z.strictObject({
    url: z
      .url({ protocol: /^https?$/, error: 'expected an address such as http://127.0.0.1:8080' })
      .describe('where the server answers'),
    collection: z.string().min(1).default('default').describe('which collection'),
    keyFile: keyFileOption,
    k: neighbourCountsOption.refine(
      ks => ks.every(k => k <= furthestHit),
      `expected at most ${furthestHit}: searches go no further`,
    ),
    filter: filterOption,
    seed: seedOption,
    worst: worstOption,
    report: reportOption,
  }),
  async run(input, context): Promise<CommandResult> {
    const { url, collection, seed, worst, filter, report: path } = input;
    const { signal, report: tell } = context;
    if (path !== undefined) await requireReportPath(path);
    const apiKey = await findApiKey(input.keyFile);
    const client = new MedoidClient({ baseUrl: url, retries, ...(apiKey && { apiKey }) });
    const stages = createStages();
    const onProgress = (stage: string, done: number, total: number): void =>
      stages.update(stage, { done, total, unit: 'items' });
    const asked = { collection, ks: input.k, seed, worst, filter, signal, onProgress };
    const quality = await evaluateServer(client, asked)
      .catch(error => understandServer(error, url))
      .finally(stages.close);
    const measured = { url, collection, seed, quality };
    const report =
      path === undefined
        ? null
        : await tryReport(() => reportServer(path, measured, context), {
            rest: 'the answer is complete',
            tell,
          });
    const warnings = warningsOf(quality);
    const isWhole = warnings.length === 0 && (path === undefined || report !== null);
    const missing = { nmi: null, ami: null, ari: null, f1: null };
    return {
      json: { url, collection, ...missing, ...quality, report },
      text: [...warnings, describeQuality(`${quality.modelId} at ${url}, ${collection}`, quality)].join('\n'),
      exitCode: isWhole ? 0 : 1,
    };
  },
});
