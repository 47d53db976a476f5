import { z } from 'zod';
import { type ErrorCode, errorCatalogue } from '../../errors.js';

/** What can go wrong with any request. */
export const commonProblems: readonly ErrorCode[] = [
  'invalid-request',
  'method-not-allowed',
  'internal-error',
  'interrupted',
  'timed-out',
  // A page or a name of another origin.
  'forbidden',
];

/** What can go wrong with a request that needs a key. */
export const guardedProblems: readonly ErrorCode[] = ['unauthenticated', 'rate-limited'];

/** What can go wrong with a request that has a body. */
export const bodyProblems: readonly ErrorCode[] = [
  'payload-too-large',
  'unsupported-media-type',
  'upload-too-slow',
  'overloaded',
];

/** What can go wrong with a request that changes something. */
export const writeProblems: readonly ErrorCode[] = ['read-only', 'storage-full', 'storage-failed'];

/** What can go wrong with a picture in a request. */
export const imageProblems: readonly ErrorCode[] = [
  'missing-image',
  'image-too-large',
  'unsupported-image',
  'unreadable-image',
];

/** What can go wrong with a picture that is named by its address. */
export const fetchProblems: readonly ErrorCode[] = ['url-not-allowed', 'fetch-failed'];

export const problemSchema = z
  .strictObject({
    type: z.string().describe('a URI of the kind of problem'),
    title: z.string().describe('the kind of problem in words; always the same for a code'),
    status: z.int().min(400).max(599),
    detail: z.string().describe('what was expected and what came, for people'),
    code: z
      .enum(Object.keys(errorCatalogue) as [ErrorCode, ...ErrorCode[]])
      .describe('the kind of problem, for programs; stays the same between versions'),
    field: z.string().optional().describe('the parameter, field or form field that the detail speaks of'),
    instance: z.string().describe('names the request, as the header X-Request-Id and the log do'),
  })
  .meta({ id: 'Problem', description: 'A failure (RFC 9457), as application/problem+json.' });
