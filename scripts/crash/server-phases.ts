import { watch } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Bench, Phase, RunningServer } from './bench.js';
import { waitForJobs } from './check-gallery.js';
import { measureNeighbours } from './measure-neighbours.js';
import { runClient } from './run-client.js';
import { startServer } from './start-server.js';

interface Clients {
  /** They do nothing new, and take a connection that breaks for what was to be expected. */
  stop(): void;
  /** Waits until they have ended. @throws Error of one that was answered otherwise than promised */
  ended(): Promise<void>;
}

function startClients({ desks }: Bench, { url }: RunningServer): Clients {
  const controller = new AbortController();
  const running = Promise.allSettled(desks.map(desk => runClient(desk, { url, stop: controller.signal })));
  return {
    stop: () => controller.abort(),
    async ended() {
      for (const result of await running) if (result.status === 'rejected') throw result.reason;
    },
  };
}

async function kill(server: RunningServer, clients: Clients): Promise<void> {
  clients.stop();
  await server.victim.kill();
  await clients.ended();
}

/** Milliseconds, short ones more often than long ones. */
const draw = ({ random }: Bench, most: number): number => Math.floor(most * random.next() ** 2);

/** Before it listens, a few times over. */
export const duringStart: Phase = async (bench, server) => {
  await server.victim.kill();
  const times = 1 + bench.random.integer(3);
  const waits: number[] = [];
  for (let i = 0; i < times; i++) {
    const wait = Math.floor(bench.random.next() * 1.2 * server.startMs);
    waits.push(wait);
    const { victim } = await startServer(bench, { waits: false });
    await delay(wait);
    await victim.kill();
  }
  return { what: `after ${waits.join(', ')} ms` };
};

export const duringRequests: Phase = async (bench, server) => {
  const clients = startClients(bench, server);
  const wait = 50 + draw(bench, 3000);
  await delay(wait);
  await kill(server, clients);
  return { what: `after ${wait} ms` };
};

/** Resolves when a file of the index is being written. */
async function indexIsWritten(directory: string, mostMs: number): Promise<boolean> {
  const watcher = watch(join(directory, 'index'));
  const seen = new Promise<true>(resolve => {
    watcher.on('change', (_event, name) => String(name).endsWith('.tmp') && resolve(true));
  });
  const timer = new AbortController();
  try {
    return await Promise.race([seen, delay(mostMs, false, { signal: timer.signal })]);
  } finally {
    timer.abort();
    watcher.close();
  }
}

/** While the index is written: when it is due, or where that takes too long, as the server closes. */
export const duringSnapshot: Phase = async (bench, server) => {
  const clients = startClients(bench, server);
  await delay(200);
  let written = await indexIsWritten(bench.directory, bench.knows('--snapshot-after') ? 3000 : 0);
  const isClosing = !written;
  if (isClosing) {
    clients.stop();
    server.victim.signal('SIGTERM');
    written = await indexIsWritten(bench.directory, 2000);
  }
  const wait = bench.random.integer(20);
  await delay(wait);
  await kill(server, clients);
  const when = isClosing ? 'as it closed' : 'while it served';
  return { what: written ? `${wait} ms into writing it, ${when}` : 'none was written' };
};

export const duringClose: Phase = async (bench, server) => {
  const clients = startClients(bench, server);
  await delay(100 + draw(bench, 1000));
  clients.stop();
  server.victim.signal('SIGTERM');
  const wait = bench.random.integer(200);
  await delay(wait);
  await kill(server, clients);
  return { what: `${wait} ms after SIGTERM` };
};

/** The graph drops what was removed when most of it was, before it is written. */
export const duringCompaction: Phase = async (bench, server) => {
  const targets = bench.desks.map(({ target }) => target);
  for (const desk of bench.desks) desk.target = 3;
  const clients = startClients(bench, server);
  await delay(500 + draw(bench, 1000));
  clients.stop();
  await clients.ended();
  for (const [i, desk] of bench.desks.entries()) desk.target = targets[i];
  server.victim.signal('SIGTERM');
  const wait = bench.random.integer(60);
  await delay(wait);
  await kill(server, clients);
  return { what: `${wait} ms after SIGTERM, shrunk` };
};

/** When nothing is under way; what was found before is to be found after. */
export const whileQuiet: Phase = async (bench, server) => {
  const clients = startClients(bench, server);
  await delay(300 + draw(bench, 1500));
  clients.stop();
  await clients.ended();
  await waitForJobs(server.client);
  const neighbours = await measureNeighbours(server.client, bench.pool);
  await kill(server, clients);
  return { what: `recall ${neighbours.recall.toFixed(4)}`, neighbours };
};
