import type { BackupSummary } from '../gallery/backup/backup-format.js';

const shownMissing = 20;

/** Lines on what a backup has, and what of the gallery it lacks. */
export function describeBackup({ missing, collections, items, images, models }: BackupSummary): string[] {
  const counts = { collections, items, images, models };
  const counted = Object.entries(counts).map(
    ([name, count]) => `${count} ${count === 1 ? name.slice(0, -1) : name}`,
  );
  const lines = [counted.join(', ')];
  if (missing.length === 0) return lines;
  lines.push(`${missing.length} missing or damaged in the gallery, and not in the backup:`);
  lines.push(...missing.slice(0, shownMissing).map(({ name, reason }) => `  ${name}: ${reason}`));
  if (missing.length > shownMissing) lines.push(`  and ${missing.length - shownMissing} more`);
  return lines;
}
