import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ImportReport } from '../../src/gallery/import-images.js';
import type { Bench, Phase } from './bench.js';
import { sharedCollection } from './desk.js';
import { describeItem, type Intent, itemThing } from './ledger.js';
import { type Ended, startVictim } from './victim.js';

const mostFiles = 60;
const changedFiles = 25;
/** Of pictures that lie in the folder; the clients have others. */
const firstFolderPicture = 10_000;

/** Writes some pictures of a folder anew, and says what the catalog will have when it is indexed. */
async function changeFolder({ random, pool, ledger }: Bench, folder: string): Promise<Intent> {
  await mkdir(folder, { recursive: true });
  const changes = new Map<string, string>();
  for (let i = 0; i < changedFiles; i++) {
    const name = `folder-${random.integer(mostFiles)}.jpg`;
    const { bytes, sha256 } = await pool.get(firstFolderPicture + random.integer(1000));
    await writeFile(join(folder, name), bytes);
    changes.set(
      itemThing(sharedCollection, name),
      describeItem({ label: null, metadata: {}, imageSha256: sha256 }),
    );
  }
  const list = [...changes].map(([name, to]) => ({ name, to }));
  return ledger.begin({ what: 'medoid index', changes: list, isAtomic: false });
}

function readReport({ exitCode, stdout }: Ended, files: number): void {
  const report = JSON.parse(stdout) as ImportReport;
  const done = report.added + report.replaced + report.updated + report.unchanged;
  if (exitCode === 0 && report.failed.length === 0 && done === files) return;
  throw new Error(`medoid index ended with ${exitCode} and answered ${stdout}`);
}

/** `medoid index` on a folder; what it prints at its end acknowledges all of it. */
export const duringIndex: Phase = async (bench, server) => {
  await server.victim.kill();
  const folder = join(bench.temporary, 'photos');
  await rm(folder, { recursive: true, force: true });
  const intent = await changeFolder(bench, folder);
  const args = [
    'index',
    folder,
    '--gallery',
    bench.directory,
    '--label-from',
    'none',
    '--batch',
    '4',
    '--json',
  ];
  const victim = await startVictim(args, bench);
  if (bench.random.next() < 0.25) {
    const ended = await victim.ended;
    readReport(ended, intent.changes.length);
    bench.ledger.acknowledge(intent);
    return { what: 'index, at its end' };
  }
  const wait = Math.floor(bench.random.next() * 2 * server.startMs);
  await delay(wait);
  const ended = await victim.kill();
  if (ended.stdout.endsWith('\n')) {
    readReport(ended, intent.changes.length);
    bench.ledger.acknowledge(intent);
  }
  return { what: `index, after ${wait} ms` };
};

/** A command that changes nothing that was acknowledged. */
const duringCommand =
  (argsOf: (bench: Bench) => readonly string[]): Phase =>
  async (bench, server) => {
    await server.victim.kill();
    const args = argsOf(bench);
    const wait = Math.floor(bench.random.next() * 2 * server.startMs);
    const victim = await startVictim(args, bench);
    await delay(wait);
    await victim.kill();
    return { what: `${args[0]}, after ${wait} ms` };
  };

export const duringBackup = duringCommand(({ directory, temporary }) => [
  'backup',
  join(temporary, 'backup.tar'),
  ...['--gallery', directory, '--overwrite'],
]);

export const duringRepair = duringCommand(({ directory }) => ['doctor', '--gallery', directory, '--fix']);
