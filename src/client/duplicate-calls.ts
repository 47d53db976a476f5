import { EvaluationCalls } from './evaluation-calls.js';
import type {
  DuplicateDecision,
  DuplicateDecisionPage,
  DuplicatePage,
  Job,
  JsonBody,
  PageOptions,
} from './messages.js';
import { duplicatesPath } from './paths.js';
import type { CallOptions } from './transport.js';

/** What can be asked of duplicates. */
export abstract class DuplicateCalls extends EvaluationCalls {
  searchDuplicates(
    name: string,
    search: JsonBody<'searchDuplicates'> = {},
    options: CallOptions = {},
  ): Promise<Job> {
    return this.ask<'searchDuplicates'>({
      method: 'POST',
      path: duplicatesPath(name),
      json: search,
      ...options,
    });
  }

  listDuplicates(
    name: string,
    {
      signal,
      tiers,
      ...query
    }: PageOptions & { readonly tiers?: JsonBody<'searchDuplicates'>['tiers'] } = {},
  ): Promise<DuplicatePage> {
    const path = duplicatesPath(name);
    return this.ask<'listDuplicates'>({
      method: 'GET',
      path,
      query: { ...query, tiers: tiers?.join() },
      signal,
    });
  }

  decideDuplicates(
    name: string,
    decision: JsonBody<'decideDuplicates'>,
    options: CallOptions = {},
  ): Promise<DuplicateDecision> {
    const path = duplicatesPath(name, 'decisions');
    return this.ask<'decideDuplicates'>({ method: 'POST', path, json: decision, ...options });
  }

  listDuplicateDecisions(
    name: string,
    { signal, ...query }: PageOptions = {},
  ): Promise<DuplicateDecisionPage> {
    const path = duplicatesPath(name, 'decisions');
    return this.ask<'listDuplicateDecisions'>({ method: 'GET', path, query, signal });
  }

  async deleteDuplicateDecision(name: string, id: number, options: CallOptions = {}): Promise<void> {
    await this.send({ method: 'DELETE', path: duplicatesPath(name, 'decisions', id), ...options });
  }
}
