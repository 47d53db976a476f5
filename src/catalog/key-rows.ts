import { z } from 'zod';
import { parseRow } from './parse-row.js';

/** What a key may do; each includes those before it. */
export const keyScopes = ['read', 'write', 'admin'] as const;
export type KeyScope = (typeof keyScopes)[number];

const keySchema = z
  .strictObject({
    id: z.string().length(8),
    name: z.string(),
    hash: z.instanceof(Buffer).refine(hash => hash.length === 32),
    scopes: z
      .string()
      .transform(text => text.split(','))
      .pipe(z.array(z.enum(keyScopes))),
    rate_limit: z.int().nonnegative().nullable(),
    created_at: z.iso.datetime(),
    last_used_at: z.iso.datetime().nullable(),
    revoked_at: z.iso.datetime().nullable(),
  })
  .transform(row => ({
    id: row.id,
    name: row.name,
    /** SHA-256 of the secret [32]. */
    hash: row.hash,
    scopes: row.scopes as readonly KeyScope[],
    /** Requests a minute; 0 = no limit, null = as the server has it. */
    rateLimit: row.rate_limit,
    createdAt: row.created_at,
    /** To the minute. */
    lastUsedAt: row.last_used_at,
    revokedAt: row.revoked_at,
  }));

export type KeyRow = z.output<typeof keySchema>;

/** @throws MedoidError `invalid-gallery` */
export const parseKeyRow = (row: unknown): KeyRow => parseRow(keySchema, row, 'the key file');
