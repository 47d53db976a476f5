import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createRandom } from '../../src/math/random.js';
import type { Bench, RunningServer } from './bench.js';
import { type Checked, checkGallery } from './check-gallery.js';
import { Desk, sharedCollection } from './desk.js';
import { IdBook } from './id-book.js';
import { collectionThing, describeItem, itemThing, Ledger } from './ledger.js';
import { measureNeighbours, type Neighbours } from './measure-neighbours.js';
import type { CrashOptions } from './options.js';
import { phases } from './phases.js';
import { createPicturePool } from './picture-pool.js';
import { cutPower } from './power-cut.js';
import { startServer } from './start-server.js';
import { runVictim } from './victim.js';

export interface CrashReport {
  readonly rounds: number;
  readonly kills: Readonly<Record<string, number>>;
  readonly powerCuts: number;
  readonly acknowledged: number;
  readonly checks: number;
  /** Most and fewest items that a round ended with. */
  readonly items: { readonly least: number; readonly most: number };
  /** What is wrong after the last round, each in a line. */
  readonly wrong: readonly string[];
}

interface Context {
  readonly temporary: string;
  readonly directory: string;
  readonly signal: AbortSignal;
  report(line: string): void;
}

const powerCutShare = 0.4;
const lookedAtShare = 0.15;
const mostTarget = 110;

/** Makes a gallery with one collection and one picture, as a user does. */
async function makeGallery(bench: Omit<Bench, 'desks'>, model: string): Promise<void> {
  const folder = join(bench.temporary, 'first');
  await mkdir(folder);
  const { bytes, sha256 } = await bench.pool.get(0);
  await writeFile(join(folder, 'first.jpg'), bytes);
  const args = ['index', folder, '--gallery', bench.directory, '--model', model, '--label-from', 'none'];
  const { exitCode } = await runVictim(args, bench);
  if (exitCode !== 0) throw new Error(`the gallery could not be made: see ${bench.logPath}`);
  const to = describeItem({ label: null, metadata: {}, imageSha256: sha256 });
  const changes = [
    { name: collectionThing(sharedCollection), to: 'there' },
    { name: itemThing(sharedCollection, 'first.jpg'), to },
  ];
  bench.ledger.acknowledge({ what: 'first', changes, isAtomic: true });
}

async function readHelp(logPath: string): Promise<(word: string) => boolean> {
  const pages = [['--help'], ['serve', '--help']].map(args => runVictim(args, { logPath }));
  const words = new Set((await Promise.all(pages)).flatMap(({ stdout }) => stdout.split(/\s+/)));
  return word => words.has(word);
}

async function openBench({ seed, clients, model }: CrashOptions, context: Context): Promise<Bench> {
  const [ledger, ids, pool] = [new Ledger(), new IdBook(), createPicturePool(seed)];
  const logPath = join(context.temporary, 'victims.log');
  const random = createRandom(`${seed}/crash`);
  const common = { ...context, logPath, random, ledger, ids, pool, knows: await readHelp(logPath) };
  await makeGallery(common, model);
  const desks = Array.from({ length: clients }, (_, i) => {
    const name = `c${i}`;
    return new Desk({ name, random: createRandom(`${seed}/crash/${name}`), ledger, ids, pool });
  });
  return { ...common, desks };
}

function choosePhase({ random, knows }: Bench) {
  const known = phases.filter(({ verb }) => verb === undefined || knows(verb));
  const drawn = known.flatMap(phase => Array.from({ length: phase.weight }, () => phase));
  return drawn[random.integer(drawn.length)];
}

function check(bench: Bench, server: RunningServer, all: boolean): Promise<Checked> {
  const before = new Map(bench.ledger.things);
  const unsettled = bench.ledger.unsettled();
  const looksAt = (thing: string): boolean =>
    all || unsettled.has(thing) || !before.has(thing) || bench.random.next() < lookedAtShare;
  return checkGallery({ ...bench, client: server.client, looksAt });
}

function compareNeighbours(before: Neighbours, after: Neighbours): string[] {
  const wrong = after.exact.flatMap((ids, i) =>
    ids === before.exact[i] ? [] : [`other neighbours: query ${i}: expected ${before.exact[i]}, got ${ids}`],
  );
  if (before.recall === after.recall) return wrong;
  return [...wrong, `other recall: expected ${before.recall}, got ${after.recall}`];
}

interface Tally {
  rounds: number;
  kills: Record<string, number>;
  powerCuts: number;
  checks: number;
  items: { least: number; most: number };
  wrong: string[];
}

/** One kill, what comes of it, and a line on both. @returns the server that was started after it */
async function runRound(
  bench: Bench,
  {
    server,
    tally,
    report,
    all,
  }: { server: RunningServer; tally: Tally; report(line: string): void; all: boolean },
): Promise<RunningServer> {
  for (const desk of bench.desks) desk.target = 2 + bench.random.integer(mostTarget);
  const phase = choosePhase(bench);
  const acknowledged = bench.ledger.acknowledgements;
  const killed = await phase.run(bench, server);
  tally.kills[phase.name] = (tally.kills[phase.name] ?? 0) + 1;
  const cut =
    bench.random.next() < powerCutShare
      ? await cutPower({ ...bench, keep: join(bench.temporary, 'cuts') })
      : [];
  tally.powerCuts += Number(cut.length > 0);
  const next = await startServer(bench);
  const { checks, wrong, things } = await check(bench, next, all);
  const after = killed.neighbours && (await measureNeighbours(next.client, bench.pool));
  tally.wrong.push(...wrong);
  if (killed.neighbours && after) tally.wrong.push(...compareNeighbours(killed.neighbours, after));
  tally.checks += checks;
  tally.items.least = Math.min(tally.items.least, things.size);
  tally.items.most = Math.max(tally.items.most, things.size);
  const heard = bench.ledger.acknowledgements - acknowledged;
  const power = cut.length === 0 ? '' : `; power cut: ${cut.join(', ')}`;
  report(
    `${phase.name}: killed ${killed.what}; ${heard} acknowledged, ${things.size} things, ${checks} checks, ` +
      `${tally.wrong.length} wrong${power}`,
  );
  return next;
}

/**
 * Kills the program as often as asked for, and looks each time whether all that it acknowledged is there. Ends with the
 * first round after which something is wrong.
 * @param context.temporary folder that the caller removes
 * @throws the signal's reason when it is aborted
 */
export async function runRounds(options: CrashOptions, context: Context): Promise<CrashReport> {
  const bench = await openBench(options, context);
  const items = { least: Number.POSITIVE_INFINITY, most: 0 };
  const tally: Tally = { rounds: 0, kills: {}, powerCuts: 0, checks: 0, items, wrong: [] };
  let server: RunningServer | undefined;
  try {
    server = await startServer(bench);
    // Few changes between consolidations, so that some are killed.
    await server.client.setClustering(sharedCollection, { facilityCost: 0.3, consolidateAfter: 20 });
    await check(bench, server, true);
    while (tally.rounds < options.rounds && tally.wrong.length === 0) {
      context.signal.throwIfAborted();
      const round = ++tally.rounds;
      const report = (line: string): void => context.report(`${round}/${options.rounds} ${line}`);
      server = await runRound(bench, { server, tally, report, all: round === options.rounds });
    }
  } catch (error) {
    context.signal.throwIfAborted();
    tally.wrong.push(`broken: ${error instanceof Error ? error.stack : error}`);
  } finally {
    await server?.victim.kill();
  }
  return { ...tally, acknowledged: bench.ledger.acknowledgements };
}
