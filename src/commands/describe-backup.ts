import type { BackupSummary } from '../gallery/backup/backup-format.js';

const shownMissing = 20;

/** Lines on what a backup has, and what of the gallery it lacks. */
export function describeBackup({ missing, ...counts }: BackupSummary): string[] {
  const { collections, items, images, models } = counts;
  const lines = [
    Object.entries({ collections, items, images, models })
      .map(([name, count]) => `${count} ${name}`)
      .join(', '),
  ];
  if (missing.length === 0) return lines;
  lines.push(`${missing.length} missing or damaged in the gallery, and not in the backup:`);
  lines.push(...missing.slice(0, shownMissing).map(({ name, reason }) => `  ${name}: ${reason}`));
  if (missing.length > shownMissing) lines.push(`  and ${missing.length - shownMissing} more`);
  return lines;
}
