import { activateModel, listModels, rollBackModel } from '../../api/operations/models.js';
import { MedoidError } from '../../errors.js';
import { answerJob } from '../answer-job.js';
import { type Route, route } from '../route.js';
import type { RouteParts } from './index.js';

export const createModelRoutes = ({ gallery }: RouteParts): Route[] => [
  route(listModels, async () => ({ json: { models: await gallery.listModels() } })),
  route(activateModel, async ({ params, readJson }) => {
    const collection = await gallery.collection(params.name);
    const { modelId } = await readJson();
    await gallery.requireModel(modelId);
    return answerJob(gallery.jobs.start('activate-model', collection.name, { modelId }));
  }),
  route(rollBackModel, async ({ params }) => {
    const { name, previousModelId } = (await gallery.collection(params.name)).summary();
    if (previousModelId === null) {
      throw new MedoidError('conflict', `${name} has had no other model that could be brought back`);
    }
    return answerJob(gallery.jobs.start('activate-model', name, { modelId: previousModelId }));
  }),
];
