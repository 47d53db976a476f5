import { ClusteringCalls } from './clustering-calls.js';
import type { Evaluation, EvaluationPage, Job, NewEvaluation } from './messages.js';
import { evaluationsPath } from './paths.js';
import type { CallOptions } from './transport.js';

/** What the client can ask of evaluations. */
export abstract class EvaluationCalls extends ClusteringCalls {
  startEvaluation(name: string, evaluation: NewEvaluation = {}, options: CallOptions = {}): Promise<Job> {
    return this.ask<'startEvaluation'>({
      method: 'POST',
      path: evaluationsPath(name),
      json: evaluation,
      ...options,
    });
  }

  listEvaluations(
    name: string,
    {
      signal,
      ...query
    }: CallOptions & { readonly limit?: number; readonly before?: number; readonly modelId?: string } = {},
  ): Promise<EvaluationPage> {
    return this.ask<'listEvaluations'>({ method: 'GET', path: evaluationsPath(name), query, signal });
  }

  /** @param options.comparedWith id of another one; the newest before it that was asked for alike unless given */
  getEvaluation(
    name: string,
    id: number,
    { signal, ...query }: CallOptions & { readonly comparedWith?: number } = {},
  ): Promise<Evaluation> {
    return this.ask<'getEvaluation'>({ method: 'GET', path: evaluationsPath(name, id), query, signal });
  }

  async deleteEvaluation(name: string, id: number, options: CallOptions = {}): Promise<void> {
    await this.send({ method: 'DELETE', path: evaluationsPath(name, id), ...options });
  }
}
