import {
  deleteEvaluation,
  getEvaluation,
  listEvaluations,
  startEvaluation,
} from '../../api/operations/evaluations.js';
import type { StoredEvaluation } from '../../gallery/evaluations/evaluations.js';
import { answerJob } from '../answer-job.js';
import { type Route, route } from '../route.js';
import type { RouteParts } from './index.js';

const toEvaluation = ({ result, ...evaluation }: StoredEvaluation) => ({ ...evaluation, ...result });

const toSummary = (evaluation: StoredEvaluation) => {
  const { worst: _, ...summary } = toEvaluation(evaluation);
  return summary;
};

export const createEvaluationRoutes = ({ gallery }: RouteParts): Route[] => [
  route(startEvaluation, async ({ params, readJson }) => {
    const collection = await gallery.collection(params.name);
    return answerJob(gallery.jobs.start('evaluate', collection.name, await readJson()));
  }),
  route(listEvaluations, ({ params, query: { before, ...listing } }) => {
    const { evaluations, next } = gallery.evaluations.list(params.name, { ...listing, beforeId: before });
    return { json: { evaluations: evaluations.map(toSummary), next } };
  }),
  route(getEvaluation, ({ params: { name, id }, query }) => ({
    json: toEvaluation(gallery.evaluations.get(name, id, query.comparedWith)),
  })),
  route(deleteEvaluation, async ({ params: { name, id } }) => {
    await gallery.evaluations.remove(name, id);
    return { status: 204 };
  }),
];
