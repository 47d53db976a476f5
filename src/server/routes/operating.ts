import { createOpenApi } from '../../api/openapi.js';
import { getHealth, getMetrics, getOpenApi, getReadiness } from '../../api/operations/operating.js';
import { MedoidError } from '../../errors.js';
import { type Route, route } from '../route.js';
import type { RouteParts } from './index.js';

export function createOperatingRoutes({ metrics, readiness, guarded, version }: RouteParts): Route[] {
  const document = createOpenApi({ version });
  return [
    route(getHealth, () => ({ json: { status: 'ok' } })),
    route(getReadiness, () => {
      const { status, collections } = readiness.report();
      return { status: status === 'ready' ? 200 : 503, json: guarded ? { status } : { status, collections } };
    }),
    route(getMetrics, async ({ response }) => {
      if (metrics === undefined) throw new MedoidError('not-found', 'this server measures nothing');
      response.set('Content-Type', metrics.contentType).send(await metrics.render());
      return undefined;
    }),
    route(getOpenApi, () => ({ json: document })),
  ];
}
