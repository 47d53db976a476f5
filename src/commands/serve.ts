import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { MedoidError, messageOf } from '../errors.js';
import { Gallery } from '../gallery/gallery.js';
import { createLog } from '../log.js';
import { createApp } from '../server/app.js';
import { startServer } from '../server/start-server.js';
import { type CommandContext, type CommandResult, defineCommand } from './command.js';
import { isLoopback, serverSettings } from './server-settings.js';

/** Of requests that are under way when the server is told to stop. */
const deadlineMs = 10_000;

/** Where `scripts/build-web.ts` puts the page, seen from the compiled file. */
const webDirectory = fileURLToPath(new URL('../../web/', import.meta.url));

/**
 * Opens every collection, so that the first request does not wait for it. One that is broken is reported and the
 * others are served.
 * @throws MedoidError what is wrong, when none can be opened
 */
async function openCollections(gallery: Gallery, report: CommandContext['report']): Promise<number> {
  const names = gallery.listCollections().map(({ name }) => name);
  if (names.length === 0) report('the gallery has no collection yet: `medoid index` makes one');
  const failures: unknown[] = [];
  for (const name of names) {
    try {
      const { rebuiltBecause } = await gallery.collection(name);
      if (rebuiltBecause !== undefined) {
        report(`${name}: the index was built anew from the catalog: ${rebuiltBecause}`);
      }
    } catch (error) {
      if (!(error instanceof MedoidError)) throw error;
      failures.push(error);
      report(`${name} cannot be served: ${error.code}: ${messageOf(error)}`);
    }
  }
  if (names.length > 0 && failures.length === names.length) throw failures[0];
  return names.length - failures.length;
}

function warn(host: string, report: CommandContext['report']): void {
  if (!isLoopback(host)) {
    report(`warning: ${host} may be reached from other machines, and there is no authentication yet`);
  }
  if (!existsSync(join(webDirectory, 'page.html'))) {
    report('warning: there is no page, only the API: `npm run build` makes the page');
  }
}

export const serve = defineCommand({
  name: 'serve',
  summary: 'Answer searches in a gallery over HTTP, with a page to try them on.',
  arguments: z.strictObject({}),
  options: serverSettings,
  configurable: true,
  async run(
    { gallery: directory, host, port: wanted, logLevel },
    context,
  ): Promise<CommandResult | undefined> {
    const gallery = await Gallery.open(directory, { access: 'read' });
    try {
      const served = await openCollections(gallery, context.report);
      if (context.signal.aborted) return undefined;
      const app = createApp({ gallery, log: createLog(logLevel), webDirectory });
      const server = await startServer(app, { host, port: wanted });
      const { url, port } = server;
      warn(host, context.report);
      const collections = served === 1 ? '1 collection' : `${served} collections`;
      context.answer({ json: { url, host, port }, text: `Medoid serves ${collections} at ${url}` });
      if (!context.signal.aborted) await once(context.signal, 'abort');
      await server.close({ deadlineMs });
      return undefined;
    } finally {
      await gallery.close();
    }
  },
});
