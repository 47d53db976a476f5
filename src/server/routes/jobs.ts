import { once } from 'node:events';
import type { Response } from 'express';
import { cancelJob, getJob, listJobs, startJob, watchJob } from '../../api/operations/jobs.js';
import { MedoidError } from '../../errors.js';
import type { JobSummary } from '../../gallery/jobs/job.js';
import { answerJob, toJob } from '../answer-job.js';
import { mayAs } from '../guard.js';
import { type Route, route } from '../route.js';
import type { RouteParts } from './index.js';

/** Keeps proxies from closing a stream on which nothing happens. */
const heartbeatMs = 15_000;

async function streamJob(response: Response, states: AsyncIterable<JobSummary>): Promise<void> {
  response.set({
    'Content-Type': 'text/event-stream; charset=utf-8',
    'Cache-Control': 'no-store',
    'X-Accel-Buffering': 'no',
  });
  // The answer to HEAD, which does not last as long as the job does.
  if (response.req.method === 'HEAD') return void response.end();
  response.flushHeaders();
  const closed = new Promise(resolve => response.once('close', resolve));
  const heartbeat = setInterval(() => void response.write(': still here\n\n'), heartbeatMs);
  try {
    for await (const job of states) {
      const more = response.write(`event: ${job.state}\ndata: ${JSON.stringify(toJob(job))}\n\n`);
      // A slow reader is waited for: meanwhile only the newest state is kept.
      if (!more && !response.destroyed) await Promise.race([once(response, 'drain'), closed]);
    }
  } finally {
    clearInterval(heartbeat);
    response.end();
  }
}

export const createJobRoutes = ({ gallery }: RouteParts): Route[] => [
  route(startJob, async ({ params, readJson }) => {
    const collection = await gallery.collection(params.name);
    const { kind, ...input } = await readJson();
    return answerJob(gallery.jobs.start(kind, collection.name, input));
  }),
  route(listJobs, ({ query: { after, ...rest } }) => {
    const { jobs, next } = gallery.jobs.list({ ...rest, afterId: after });
    return { json: { jobs: jobs.map(toJob), next } };
  }),
  route(getJob, ({ params }) => ({ json: toJob(gallery.jobs.get(params.id)) })),
  route(watchJob, async ({ params, response, signal }) => {
    gallery.jobs.get(params.id);
    await streamJob(response, gallery.jobs.watch(params.id, signal));
    return undefined;
  }),
  route(cancelJob, ({ params, request }) => {
    // Whoever may not start it may not stop it.
    if (!mayAs(request, 'admin') && gallery.jobs.get(params.id).kind === 'activate-model') {
      throw new MedoidError('forbidden', 'expected a key with the scope admin: the job changes the model');
    }
    return { status: 202, json: toJob(gallery.jobs.cancel(params.id)) };
  }),
];
