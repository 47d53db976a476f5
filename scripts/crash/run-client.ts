import { MedoidClient, ProblemError } from '../../src/client/medoid-client.js';
import type { Desk, Plan } from './desk.js';
import { planNext } from './operations.js';

export interface ClientRun {
  readonly url: string;
  /** Aborted before the server is told to end, or when enough has been done. */
  readonly stop: AbortSignal;
}

/** Whether it is known that nothing was done, or not known what was. */
function judge(error: unknown, { stop }: ClientRun): 'unknown' | 'wrong' {
  if (error instanceof ProblemError) return [408, 503].includes(error.status) ? 'unknown' : 'wrong';
  // A connection that broke: the server has ended, and was told to.
  return stop.aborted && error instanceof TypeError ? 'unknown' : 'wrong';
}

async function follow(client: MedoidClient, desk: Desk, { intent }: Plan, job: number, stop: AbortSignal) {
  const { state, result, error } = await client.waitForJob(job, { signal: stop });
  const { failedCount } = (result ?? {}) as { failedCount?: number };
  if (state !== 'done' || failedCount !== 0)
    throw new Error(`job ${job} ended as ${state}: ${JSON.stringify({ result, error })}`);
  desk.parts.ledger.fulfil(intent);
  const wanted = new Set(intent.changes.map(({ name }) => name));
  for await (const item of client.eachItem('default', { signal: stop })) {
    const thing = `item default/${item.key}`;
    if (wanted.has(thing)) desk.parts.ids.note(thing, item.id);
  }
}

/**
 * Does one thing after the other until it is stopped, or does not know what became of the last.
 * @throws Error when an answer is other than the interface promises
 */
export async function runClient(desk: Desk, run: ClientRun): Promise<void> {
  const { url, stop } = run;
  const client = new MedoidClient({ baseUrl: url });
  const { ledger } = desk.parts;
  while (!stop.aborted) {
    const plan = await planNext(desk);
    ledger.begin(plan.intent);
    try {
      const answer = await plan.send({ client, url });
      ledger.acknowledge(plan.intent, { later: answer !== undefined });
      if (answer !== undefined) await follow(client, desk, plan, answer.job, stop);
    } catch (error) {
      if (error === stop.reason || judge(error, run) === 'unknown') return;
      throw new Error(`${plan.intent.what}: ${error instanceof Error ? error.message : error}`, {
        cause: error,
      });
    }
  }
}
