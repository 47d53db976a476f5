import type { Catalog } from '../../catalog/catalog.js';
import type { CatalogAudit, StoredJob } from '../../catalog/catalog-audit.js';
import { imagesOfJob } from '../jobs/images-of-job.js';

export interface NeededImageLookup {
  /** The job that needs each image, of those that have not ended and whose input can be read. */
  jobImages(): ReadonlyMap<string, StoredJob>;
  /** Whether an item or a job needs the image. */
  isNeeded(imageSha256: string): boolean;
}

function imagesOf({ kind, input }: StoredJob): readonly string[] {
  try {
    return imagesOfJob({ kind, input: JSON.parse(input) });
  } catch {
    // Told of by the check of the jobs, and until it is mended no picture is taken for one that nothing needs.
    return [];
  }
}

/** As the catalog is at the moment of each question; jobs are read again once somebody has written. */
export function createNeededImageLookup(catalog: Catalog, audit: CatalogAudit): NeededImageLookup {
  let version: number | undefined;
  let images = new Map<string, StoredJob>();
  const jobImages = (): ReadonlyMap<string, StoredJob> => {
    const now = catalog.dataVersion();
    if (now !== version) {
      images = new Map(audit.listJobs().flatMap(job => imagesOf(job).map(image => [image, job] as const)));
      version = now;
    }
    return images;
  };
  return { jobImages, isNeeded: image => catalog.hasImage(image) || jobImages().has(image) };
}
