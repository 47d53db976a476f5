import { z } from 'zod';

/** Grows when a program that knows only the one before would misread a backup. */
export const formatVersion = 1;

/** What lies in a backup beside images and models, by its place. */
export const entryNames = {
  /** The first. */
  header: 'backup.json',
  keys: 'keys.sqlite',
  catalog: 'catalog.sqlite',
  summary: 'summary.json',
  /** The last: one that was cut short has none. */
  manifest: 'manifest.json',
} as const;

export const modelEntry = (folder: string, file: string): string => `models/${folder}/${file}`;

export const headerSchema = z.strictObject({
  formatVersion: z.int(),
  /** Version of the program that made it. */
  medoid: z.string(),
  /** When it was begun, ISO 8601. */
  createdAt: z.iso.datetime(),
});

/** An image, a model or the keys: needed, and not in the backup. */
const missingSchema = z.strictObject({ name: z.string(), reason: z.string() });

export const summarySchema = z.strictObject({
  collections: z.int().nonnegative(),
  items: z.int().nonnegative(),
  images: z.int().nonnegative(),
  models: z.int().nonnegative(),
  missing: z.array(missingSchema),
});

export type BackupHeader = z.output<typeof headerSchema>;
export type BackupSummary = z.output<typeof summarySchema>;
export type MissingEntry = z.output<typeof missingSchema>;

/** An entry as the manifest has it. */
export interface ListedEntry {
  readonly name: string;
  readonly bytes: number;
  readonly sha256: string;
}
