import { HubApiError, modelInfo, pathsInfo } from '@huggingface/hub';
import { z } from 'zod';
import { MedoidError, messageOf } from '../errors.js';
import type { HubModel } from './known-models.js';

/** What a hub says of a file before it is downloaded. */
export interface HubFile {
  readonly url: string;
  /** What the revision is now. */
  readonly commit: string;
  readonly bytes: number;
  /** Of the file's content; another content has another. */
  readonly etag: string;
  /** Undefined for a file that the hub does not keep as a large one. */
  readonly sha256: string | undefined;
  readonly license: string | null;
}

export interface HubAccess {
  /** Without a slash at its end. */
  readonly hubUrl: string;
  readonly fetch: typeof fetch;
}

const repositorySchema = z.object({
  sha: z.string().regex(/^[0-9a-f]{40}$/),
  cardData: z.object({ license: z.string().optional().catch(undefined) }).nullish(),
});

const fileSchema = z.object({
  type: z.literal('file'),
  oid: z.string().min(1),
  size: z.int().nonnegative(),
  lfs: z.object({ oid: z.string().regex(/^[0-9a-f]{64}$/) }).nullish(),
});

const shownLength = 300;

function explain(error: unknown, { repository, revision }: HubModel, { hubUrl }: HubAccess): MedoidError {
  if (error instanceof MedoidError) return error;
  const said = messageOf(error).replaceAll(/\s+/g, ' ').slice(0, shownLength);
  const where = `${repository} at revision ${revision} of ${hubUrl}`;
  const status = error instanceof HubApiError ? error.statusCode : undefined;
  const refuse = (code: 'not-found' | 'unauthenticated' | 'forbidden' | 'fetch-failed', expected: string) =>
    new MedoidError(code, `${expected}: ${said}`, { cause: error });
  if (status === 404) return refuse('not-found', `there is no ${where}`);
  if (status === 401) {
    return refuse(
      'unauthenticated',
      `there is no ${where}, or it is private and HF_TOKEN is to hold a token that may read it`,
    );
  }
  if (status === 403) {
    return refuse(
      'forbidden',
      `${where} may not be read: its owner asks that its terms are accepted there first`,
    );
  }
  return refuse('fetch-failed', `expected ${where}, got something else`);
}

async function ask(wanted: HubModel, access: HubAccess): Promise<HubFile> {
  const { repository, file, revision } = wanted;
  const info = await modelInfo({
    ...access,
    ...{ name: repository, revision },
    additionalFields: ['sha', 'cardData'],
  });
  const { sha: commit, cardData } = repositorySchema.parse(info);
  const [found] = await pathsInfo({
    ...access,
    repo: { type: 'model', name: repository },
    paths: [file],
    revision: commit,
  });
  if (found === undefined) {
    throw new MedoidError('not-found', `there is no ${file} in ${repository} at revision ${revision}`);
  }
  const { oid, size, lfs } = fileSchema.parse(found);
  const path = file.split('/').map(encodeURIComponent).join('/');
  return {
    url: `${access.hubUrl}/${repository}/resolve/${commit}/${path}`,
    ...{ commit, bytes: size },
    etag: lfs?.oid ?? oid,
    sha256: lfs?.oid,
    license: cardData?.license ?? null,
  };
}

/**
 * Looks a file up. The commit that the revision is now is what is asked for from then on, so that nothing changes
 * meanwhile.
 * @throws MedoidError `not-found`, `unauthenticated`, `forbidden`, `fetch-failed`, or as `access.fetch` does
 */
export async function findHubFile(wanted: HubModel, access: HubAccess): Promise<HubFile> {
  try {
    return await ask(wanted, access);
  } catch (error) {
    throw explain(error, wanted, access);
  }
}
