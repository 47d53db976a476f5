import { MedoidClient } from '../../src/client/medoid-client.js';
import type { Bench, RunningServer } from './bench.js';
import { startVictim, type Victim } from './victim.js';

/** So that the index is written often while a gallery is small. */
const changesToSnapshot = 60;

type Parts = Pick<Bench, 'directory' | 'logPath' | 'knows'>;

export function startServer(parts: Parts, options: { readonly waits: false }): Promise<{ victim: Victim }>;
export function startServer(parts: Parts): Promise<RunningServer>;
/**
 * @param options.waits whether it is waited for until it answers
 * @throws Error when it ends instead
 */
export async function startServer(
  { directory, logPath, knows }: Parts,
  { waits = true } = {},
): Promise<RunningServer | { readonly victim: Victim }> {
  const often = knows('--snapshot-after') ? ['--snapshot-after', String(changesToSnapshot)] : [];
  const started = performance.now();
  const args = ['serve', '--gallery', directory, '--port', '0', '--json', '--log-level', 'warn', ...often];
  const victim = await startVictim(args, { logPath });
  if (!waits) return { victim };
  const line = await victim.firstLine;
  if (line === undefined || !line.includes('"url"')) {
    const { exitCode } = await victim.kill();
    throw new Error(`the server does not start: it ended with ${exitCode}: ${line}`);
  }
  const { url } = JSON.parse(line) as { url: string };
  return { victim, url, client: new MedoidClient({ baseUrl: url }), startMs: performance.now() - started };
}
