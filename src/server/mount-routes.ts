import { setMaxListeners } from 'node:events';
import { type Request, type RequestHandler, type Response, Router } from 'express';
import type { Operation } from '../api/operation.js';
import { MedoidError } from '../errors.js';
import { allowOnly } from './allow-only.js';
import type { ReadBody } from './body-reader.js';
import { parse } from './parse-request.js';
import type { Call, Route } from './route.js';

export interface MountOptions {
  readonly readBody: ReadBody;
  /** Of one request, from its head to its answer; streams have none. */
  readonly requestTimeoutMs: number;
  /** Aborted when the server stops: streams end, nothing waits any longer. */
  readonly stopping: AbortSignal;
  /** Comes before the handler of an operation; refuses by throwing. */
  guard(operation: Operation): RequestHandler[];
  /** Told of every operation as it is answered. */
  observe(operation: Operation, status: number, startedMs: number): void;
}

/** `/v1/items/{id}` as Express writes it. */
const expressPath = (path: string): string => path.replaceAll(/\{(\w+)\}/g, ':$1');

/** The server was too slow, or the client with its body. */
const timedOut = ({ complete }: Request, ms: number): MedoidError =>
  complete
    ? new MedoidError('timed-out', `expected an answer within ${ms} ms; the server is busy: try again`)
    : new MedoidError('upload-too-slow', `expected the whole body within ${ms} ms`);

/** Not of HTTP, but what logs and metrics have for it elsewhere. */
const clientClosedRequest = 499;

/** One for all: each request ends with it, also those that were answered, and hardly any tells anybody. */
const clientGone = new MedoidError('interrupted', 'the client has gone');

/** @returns a signal that ends with the request, and a promise that fails when time is up */
function createDeadline(
  { request, response }: { readonly request: Request; readonly response: Response },
  operation: Operation,
  options: MountOptions,
) {
  const controller = new AbortController();
  // One listener a picture: more of them are no leak.
  setMaxListeners(0, controller.signal);
  let timer: NodeJS.Timeout | undefined;
  const expired = new Promise<never>((_, reject) => {
    if (operation.streams === true) return;
    timer = setTimeout(() => {
      const error = timedOut(request, options.requestTimeoutMs);
      controller.abort(error);
      reject(error);
    }, options.requestTimeoutMs);
  });
  // It may come after the answer, when nobody waits for it.
  expired.catch(() => undefined);
  response.once('close', () => {
    clearTimeout(timer);
    controller.abort(clientGone);
  });
  return { signal: controller.signal, expired };
}

async function answer(
  { operation, run }: Route,
  { request, response, options }: { request: Request; response: Response; options: MountOptions },
): Promise<void> {
  const params = parse(operation.params, { ...request.params }, 'parameter');
  const query = parse(operation.query, request.query, 'parameter');
  // Of an answer that has no tag Express would say to "*" that it is known already.
  if (operation.answers[304] === undefined) delete request.headers['if-none-match'];
  const { signal, expired } = createDeadline({ request, response }, operation, options);
  let settle = (): void => undefined;
  const done = new Promise<void>(resolve => {
    settle = resolve;
  });
  const readBody: Call<Operation>['readBody'] = () =>
    options.readBody(operation, { request, response, signal, done }) as ReturnType<
      Call<Operation>['readBody']
    >;
  const readJson = async (): Promise<never> => {
    const body = await readBody();
    if (body.kind === 'json') return body.value;
    throw new Error(`${operation.id} takes more than JSON`);
  };
  const call: Call<Operation> = {
    params,
    query,
    request,
    response,
    signal: operation.streams === true ? AbortSignal.any([signal, options.stopping]) : signal,
    readBody,
    readJson,
  };
  const running = (async () => run(call))();
  void running.then(settle, settle);
  const answered = await Promise.race([running, expired]);
  if (answered === undefined) return;
  const { status = 200, headers = {}, json } = answered;
  response.status(status).set(headers);
  if (json === undefined) response.end();
  else response.json(json);
}

/** Every route, each path answering the methods it does not know with those it does. */
export function mountRoutes(routes: readonly Route[], options: MountOptions): Router {
  const router = Router();
  // In this order what is written out comes before what a parameter stands for: `{` is behind every letter.
  const paths = [...new Set(routes.map(({ operation }) => operation.path))].sort();
  for (const path of paths) {
    const here = routes.filter(({ operation }) => operation.path === path);
    const mounted = router.route(expressPath(path));
    for (const one of here) {
      const { operation } = one;
      mounted[operation.method](
        (_request, response, next) => {
          const startedMs = performance.now();
          response.once('close', () => {
            // Nothing was answered to whoever has gone before; as other servers call it.
            const status = response.headersSent ? response.statusCode : clientClosedRequest;
            options.observe(operation, status, startedMs);
          });
          next();
        },
        ...options.guard(operation),
        (request, response) => answer(one, { request, response, options }),
      );
    }
    mounted.all(allowOnly(...here.map(({ operation }) => operation.method.toUpperCase())));
  }
  return router;
}
