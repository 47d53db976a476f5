import { once } from 'node:events';
import { createServer, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, Server as ListeningServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { MedoidError, messageOf } from '../errors.js';
import { parseRequestTarget } from './request-target.js';

export interface RunningServer {
  readonly url: string;
  /** The one that was chosen, when 0 was asked for. */
  readonly port: number;
  /** Takes no more connections, finishes the answers under way, and cuts off what takes longer than the deadline. */
  close(options: { readonly deadlineMs: number }): Promise<void>;
}

const timeouts = { headersTimeout: 20_000, requestTimeout: 120_000, keepAliveTimeout: 10_000 };

async function listen(server: Server, host: string, port: number): Promise<number> {
  server.listen({ host, port });
  try {
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const where = `${host}, port ${port}`;
    if (code === 'EADDRINUSE') {
      throw new MedoidError(
        'address-in-use',
        `another program listens on ${where}: choose another --port, or 0 for any`,
        { field: 'port', cause: error },
      );
    }
    throw new MedoidError('invalid-option', `cannot listen on ${where}: ${messageOf(error)}`, {
      field: code === 'EACCES' ? 'port' : 'host',
      cause: error,
    });
  }
  return (server.address() as AddressInfo).port;
}

async function drain(underWay: ReadonlySet<ServerResponse>): Promise<void> {
  while (underWay.size > 0) {
    await Promise.allSettled(Array.from(underWay, response => once(response, 'close')));
  }
}

/** @throws MedoidError `address-in-use`, or `invalid-option` when the address cannot be listened on */
export async function startServer(
  app: RequestListener,
  { host, port: wanted }: { readonly host: string; readonly port: number },
): Promise<RunningServer> {
  const underWay = new Set<ServerResponse>();
  let closing = false;
  const server = createServer(timeouts, (request, response) => {
    underWay.add(response);
    response.once('close', () => underWay.delete(response));
    if (closing) response.setHeader('Connection', 'close');
    const target = parseRequestTarget(request.url ?? '');
    if (target === undefined) {
      // As Node answers what is no HTTP.
      response.writeHead(400, { Connection: 'close' }).end();
      return;
    }
    request.url = target.path;
    // It goes before the header.
    if (target.host !== undefined) request.headers.host = target.host;
    app(request, response);
  });
  const port = await listen(server, host, wanted);
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    async close({ deadlineMs }) {
      closing = true;
      // Whoever waits for an answer is not to send more by the same connection, which will be cut.
      for (const response of underWay) if (!response.headersSent) response.setHeader('Connection', 'close');
      const closed = once(server, 'close');
      // HTTP's own `close` also destroys connections whose answer is handed over but still on its way.
      ListeningServer.prototype.close.call(server);
      const deadline = new AbortController();
      await Promise.race([drain(underWay), delay(deadlineMs, undefined, { signal: deadline.signal })]);
      deadline.abort();
      server.closeAllConnections();
      await closed;
    },
  };
}
