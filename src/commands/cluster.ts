import { basename } from 'node:path';
import { z } from 'zod';
import { itemFilterSchema } from '../catalog/item-filter.js';
import { replaceFile } from '../durable-file.js';
import { MedoidError } from '../errors.js';
import type { Clustering } from '../gallery/clustering/clustering.js';
import {
  type ClusterInput,
  clusterInputSchema,
  clusteringMethods,
  clusteringOptionMeanings,
  countChoiceSchema,
} from '../gallery/clustering/clustering-input.js';
import type { Collection } from '../gallery/collection.js';
import { Gallery } from '../gallery/gallery.js';
import { renderClusters, type ShownCluster } from '../report/render-clusters.js';
import { requireReportPath } from '../report/require-report-path.js';
import { type CommandResult, defineCommand, jsonText, nameList, numeric, seedOption } from './command.js';
import { clustersCsv, describeClustering, showClusters, summariseClustering } from './describe-clusters.js';
import { createProgress } from './progress.js';
import { kebabCase } from './read-input.js';
import { tryReport } from './try-report.js';

const countOption = z.union([countChoiceSchema, numeric(z.number())], {
  error: 'expected a number, elbow or silhouette',
});

const idList = nameList
  .transform(ids => ids.map(Number))
  .pipe(z.array(z.int('expected ids, which are whole numbers').min(1)).min(1));

/** The options together, as the schema of every clustering has them. @throws MedoidError `invalid-option` */
function readClustering(given: object): ClusterInput {
  const parsed = clusterInputSchema.safeParse(given);
  if (parsed.success) return parsed.data;
  const [{ path, message }] = parsed.error.issues;
  const field = String(path[0]);
  throw new MedoidError('invalid-option', `--${kebabCase(field)}: ${message}`, { field });
}

async function find(collection: Collection, input: ClusterInput, signal: AbortSignal): Promise<Clustering> {
  const progress = createProgress('cluster', collection.clustering.countSelected(input), 'items');
  return collection.clustering
    .clusterItems({ ...input, signal, onProgress: ({ done }) => progress.update(done) })
    .finally(progress.close);
}

interface Found {
  readonly gallery: string;
  readonly collection: Collection;
  readonly clustering: Clustering;
  readonly clusters: readonly ShownCluster[];
  readonly signal: AbortSignal;
  /** Told of a picture that cannot be read. */
  readonly onUnreadable: (id: number) => void;
}

async function writeReport(path: string, found: Found): Promise<string> {
  const { gallery, collection, clustering, clusters, signal, onUnreadable } = found;
  const thumbnail = async (id: number, side: number): Promise<Uint8Array | undefined> => {
    try {
      return await collection.renderImage(id, { format: 'jpeg', side }, signal);
    } catch (error) {
      const isUnreadable =
        error instanceof MedoidError && ['invalid-gallery', 'not-found'].includes(error.code);
      if (!isUnreadable) throw error;
      onUnreadable(id);
      return undefined;
    }
  };
  const page = await renderClusters(
    {
      title: `Clusters in ${collection.name} of ${basename(gallery)}`,
      facts: [
        ['items', String(clustering.items)],
        ['clusters', String(clustering.clusters.length)],
        ['method', clustering.method],
        ['model', clustering.modelId],
        ...summariseClustering(clustering),
      ],
      clusters,
      thumbnail,
    },
    { signal },
  );
  await replaceFile(path, page);
  return path;
}

const pathOption = (ending: string) =>
  z
    .string()
    .regex(new RegExp(`\\.${ending}$`), `expected a name that ends in .${ending}`)
    .optional();

export const cluster = defineCommand({
  name: 'cluster',
  summary: 'Group the images of a gallery by what is alike, each group around one of them. Changes nothing.',
  arguments: z.strictObject({}),
  options: z.strictObject({
    gallery: z.string().min(1).describe('folder of the gallery'),
    collection: z.string().default('default').describe('which collection of the gallery'),
    clusters: countOption.optional().describe(clusteringOptionMeanings.clusters),
    mostClusters: numeric(z.number()).optional().describe(clusteringOptionMeanings.mostClusters),
    method: z.enum(clusteringMethods).default('facility-location').describe(clusteringOptionMeanings.method),
    facilityCost: numeric(z.number()).optional().describe(clusteringOptionMeanings.facilityCost),
    seed: seedOption,
    filter: jsonText(itemFilterSchema)
      .optional()
      .describe('JSON, as of a search: only items that it holds for'),
    itemIds: idList.optional().describe('only these items, comma-separated; not together with --filter'),
    report: pathOption('html').describe(
      'HTML file to write the clusters to, with thumbnails; replaces one that is there',
    ),
    csv: pathOption('csv').describe('CSV file to write the clusters to; replaces one that is there'),
  }),
  async run(
    { gallery: directory, collection: name, report: path, csv, ...given },
    context,
  ): Promise<CommandResult> {
    const { signal } = context;
    const input = readClustering(given);
    for (const file of [path, csv]) if (file !== undefined) await requireReportPath(file);
    const gallery = await Gallery.open(directory, { access: 'read' });
    try {
      const collection = await gallery.collection(name);
      const clustering = await find(collection, input, signal);
      const clusters = showClusters(collection, clustering);
      if (csv !== undefined) await replaceFile(csv, clustersCsv(clusters));
      const unreadable: number[] = [];
      const onUnreadable = (id: number) => unreadable.push(id);
      const found = { gallery: directory, collection, clustering, clusters, signal, onUnreadable };
      const report =
        path === undefined
          ? null
          : await tryReport(() => writeReport(path, found), {
              rest: 'the answer is complete',
              tell: context.report,
            });
      for (const id of unreadable) context.report(`item ${id}: its picture cannot be read`);
      const isWhole = unreadable.length === 0 && (path === undefined || report !== null);
      return {
        json: { ...clustering, report, csv: csv ?? null },
        text: describeClustering(clustering, clusters),
        exitCode: isWhole ? 0 : 1,
      };
    } finally {
      await gallery.close();
    }
  },
});
