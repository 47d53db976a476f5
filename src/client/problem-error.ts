import type { z } from 'zod';
import type { problemSchema } from '../api/schemas/problem.js';

export type Problem = z.output<typeof problemSchema>;

/** The server refused or failed: what it said, as it said it. */
export class ProblemError extends Error {
  readonly status: number;
  /** One of the codes in the documentation; `unknown` for an answer that is no problem document. */
  readonly code: Problem['code'] | 'unknown';
  readonly field: string | undefined;
  /** After which the request may be sent again; nothing where the server does not say. */
  readonly retryAfterSeconds: number | undefined;
  /** Names the request in the server's log. */
  readonly requestId: string | undefined;

  constructor(response: Response, problem: Problem | undefined) {
    super(problem?.detail ?? `the server answered with status ${response.status}`);
    this.name = 'ProblemError';
    this.status = response.status;
    this.code = problem?.code ?? 'unknown';
    this.field = problem?.field;
    const retryAfter = Number(response.headers.get('retry-after') ?? Number.NaN);
    this.retryAfterSeconds = Number.isFinite(retryAfter) ? retryAfter : undefined;
    this.requestId = response.headers.get('x-request-id') ?? undefined;
  }
}

/** Of an answer that is no success. */
export async function readProblem(response: Response): Promise<ProblemError> {
  const isProblem = response.headers.get('content-type')?.startsWith('application/problem+json') === true;
  // A proxy in between may cut a document short; the status stands anyway.
  const problem = isProblem ? await response.json().catch(() => undefined) : undefined;
  if (!isProblem) await response.body?.cancel();
  return new ProblemError(response, problem as Problem | undefined);
}
