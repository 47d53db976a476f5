import {
  decideDuplicates,
  deleteDuplicateDecision,
  listDuplicateDecisions,
  listDuplicates,
  searchDuplicates,
} from '../../api/operations/duplicates.js';
import { answerJob } from '../answer-job.js';
import { type Route, route } from '../route.js';
import type { RouteParts } from './index.js';

export const createDuplicateRoutes = ({ gallery }: RouteParts): Route[] => [
  route(searchDuplicates, async ({ params, readJson }) => {
    const { name } = await gallery.collection(params.name);
    return answerJob(gallery.jobs.start('dedupe', name, await readJson()));
  }),
  route(listDuplicates, async ({ params, query: { after, ...rest }, signal }) => {
    const { duplicates } = await gallery.collection(params.name);
    return { json: await duplicates.listFound({ afterId: after, ...rest, signal }) };
  }),
  route(decideDuplicates, async ({ params, readJson }) => {
    const { duplicates, name } = await gallery.collection(params.name);
    const decision = await duplicates.decide(await readJson());
    const headers = { Location: `/v1/collections/${name}/duplicates/decisions/${decision.id}` };
    return { status: 201, headers, json: decision };
  }),
  route(listDuplicateDecisions, async ({ params, query: { after, limit } }) => {
    const { duplicates } = await gallery.collection(params.name);
    return { json: duplicates.listDecisions({ afterId: after, limit }) };
  }),
  route(deleteDuplicateDecision, async ({ params }) => {
    const { duplicates } = await gallery.collection(params.name);
    await duplicates.forgetDecision(params.id);
    return { status: 204 };
  }),
];
