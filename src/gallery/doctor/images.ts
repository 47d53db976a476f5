import { join } from 'node:path';
import { imageFile, isImageHash } from '../image-file.js';
import type { CatalogCheck, CheckedGallery, MendedGallery } from './check.js';
import { confirmSuspicion } from './confirm-suspicion.js';
import { examineImage, type ImageCondition } from './examine-image.js';
import type { Finding } from './finding.js';
import { createNeededImageLookup, type NeededImageLookup } from './needed-image-lookup.js';
import { moveToQuarantine } from './quarantine.js';
import { restoreImages } from './restore-images.js';

const imagesAtOnce = 200;

/** An image, and what is told of whoever needs it. */
interface NeededImage {
  readonly imageSha256: string;
  readonly subject: Pick<Finding, 'itemId' | 'key' | 'collection' | 'jobId'>;
  /** How many items have it. */
  readonly items: number;
}

const describeNeed = (items: number): string => (items > 1 ? `, which ${items} items need` : '');

function describe(
  { imageSha256, subject, items }: NeededImage,
  condition: ImageCondition,
): Finding | undefined {
  const shared = { ...subject, imageSha256, file: imageFile(imageSha256) };
  if (condition.state === 'whole') return undefined;
  if (condition.state === 'missing') {
    return { code: 'image-missing', ...shared, detail: `expected a file${describeNeed(items)}, got none` };
  }
  const code = condition.state === 'damaged' ? 'image-damaged' : 'image-unreadable';
  return { code, ...shared, detail: condition.detail + describeNeed(items) };
}

/** @returns the size of the file; nothing when it is not whole, which is told */
async function look(
  gallery: CheckedGallery,
  lookup: NeededImageLookup,
  image: NeededImage,
): Promise<number | undefined> {
  await gallery.takeTurn();
  const { imageSha256 } = image;
  const path = join(gallery.directory, imageFile(imageSha256));
  let condition = await examineImage(path, imageSha256);
  if (condition.state === 'whole') return condition.bytes;
  const isOff = await confirmSuspicion(gallery.catalog, async () => {
    condition = await examineImage(path, imageSha256);
    return condition.state !== 'whole' && lookup.isNeeded(imageSha256);
  });
  const finding = isOff ? describe(image, condition) : undefined;
  if (finding !== undefined) gallery.tell(finding);
  return undefined;
}

async function checkItems(gallery: CheckedGallery, lookup: NeededImageLookup): Promise<void> {
  const { audit, tell, progress } = gallery;
  const total = audit.countImages();
  let done = 0;
  for (let after = ''; ; ) {
    const page = audit.listImages(after, imagesAtOnce);
    if (page.length === 0) return;
    after = page[page.length - 1].imageSha256;
    for (const { imageSha256, itemId, items, leastBytes, mostBytes } of page) {
      progress(++done, Math.max(done, total));
      // Any other is an odd row.
      if (!isImageHash(imageSha256)) continue;
      const { key, collection } = audit.findItem(itemId) ?? {};
      const subject = { itemId, key, collection: collection ?? undefined };
      const bytes = await look(gallery, lookup, { imageSha256, subject, items });
      if (bytes === undefined || (bytes === leastBytes && bytes === mostBytes)) continue;
      const detail = `expected ${bytes} bytes, got ${leastBytes === bytes ? mostBytes : leastBytes}`;
      tell({ code: 'image-size-wrong', ...subject, imageSha256, file: imageFile(imageSha256), detail });
    }
  }
}

async function checkJobs(gallery: CheckedGallery, lookup: NeededImageLookup): Promise<void> {
  for (const [imageSha256, { id, collection }] of [...lookup.jobImages()]) {
    if (gallery.catalog.hasImage(imageSha256)) continue;
    await look(gallery, lookup, { imageSha256, subject: { jobId: id, collection }, items: 0 });
  }
}

/** A damaged copy is moved aside before anything takes its place. */
async function mendImage({ directory, repair }: MendedGallery, imageSha256: string): Promise<void> {
  const condition = await examineImage(join(directory, imageFile(imageSha256)), imageSha256);
  if (condition.state === 'whole') repair.saveImageSize(imageSha256, condition.bytes);
  if (condition.state === 'damaged') await moveToQuarantine(directory, imageFile(imageSha256));
}

export const images: CatalogCheck = {
  name: 'images',
  what: 'that each picture of an item or a job is there, with the bytes and the size it came with',
  needs: 'catalog',
  async check(gallery) {
    const lookup = createNeededImageLookup(gallery.catalog, gallery.audit);
    await checkItems(gallery, lookup);
    await checkJobs(gallery, lookup);
  },
  async mend(gallery, findings) {
    const wanted = findings.flatMap(({ imageSha256, code }) =>
      imageSha256 === undefined || code === 'image-unreadable' ? [] : [imageSha256],
    );
    for (const imageSha256 of wanted) {
      await gallery.takeTurn();
      await mendImage(gallery, imageSha256);
    }
    if (gallery.from !== undefined) await restoreImages(gallery, { from: gallery.from, wanted });
  },
};
