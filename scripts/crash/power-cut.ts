import { existsSync } from 'node:fs';
import { copyFile, cp, mkdir, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Random } from '../../src/math/random.js';
import { findUnsyncedEnd } from './find-unsynced-end.js';
import type { Ledger } from './ledger.js';

export interface PowerCut {
  readonly directory: string;
  /** Folder of its own, for what was there at an earlier cut. */
  readonly keep: string;
  readonly random: Random;
  readonly ledger: Ledger;
}

const randomBytes = (random: Random, length: number): Buffer =>
  Buffer.from(Uint8Array.from({ length }, () => random.integer(256)));

const damages: readonly ((path: string, random: Random) => Promise<string>)[] = [
  async (path, random) => {
    const { length } = await readFile(path);
    const kept = random.integer(length + 1);
    await truncate(path, kept);
    return `cut to ${kept} of ${length}`;
  },
  async (path, random) => {
    const bytes = await readFile(path);
    if (bytes.length === 0) return 'left empty';
    const at = random.integer(bytes.length);
    bytes[at] ^= 1 << random.integer(8);
    await writeFile(path, bytes);
    return `bit flipped at ${at}`;
  },
  async (path, random) => {
    const bytes = await readFile(path);
    const from = random.integer(bytes.length + 1);
    await writeFile(path, bytes.fill(0, from, Math.min(from + 4096, bytes.length)));
    return `a block of zeros at ${from}`;
  },
  async path => {
    await rm(path);
    return 'gone';
  },
];

/** A cache: nothing that was acknowledged rests on it. */
async function damageIndex({ directory, keep, random }: PowerCut): Promise<string[]> {
  const folder = join(directory, 'index');
  const done: string[] = [];
  for (const name of (await readdir(folder)).sort()) {
    const draw = random.next();
    if (draw < 0.35) {
      const damage = damages[random.integer(damages.length)];
      done.push(`index/${name} ${await damage(join(folder, name), random)}`);
    } else if (draw < 0.5 && existsSync(join(keep, name))) {
      await copyFile(join(keep, name), join(folder, name));
      done.push(`index/${name} as it was at an earlier cut`);
    }
  }
  if (random.next() < 0.3) {
    await writeFile(join(folder, '1.hnsw.tmp'), randomBytes(random, random.integer(5000)));
    done.push('a half-written index');
  }
  await mkdir(keep, { recursive: true });
  await cp(folder, keep, { recursive: true });
  return done;
}

async function damageUnfinishedImages({ directory, random }: PowerCut): Promise<string[]> {
  const folder = join(directory, 'images', 'tmp');
  await mkdir(folder, { recursive: true });
  for (const name of await readdir(folder)) await truncate(join(folder, name), random.integer(100));
  if (random.next() < 0.5) return [];
  await writeFile(join(folder, 'unfinished'), randomBytes(random, random.integer(3000)));
  return ['a half-written image'];
}

/** What was not synced: a commit that nobody has heard of, or what came behind the last one. */
async function tearLog(cut: PowerCut): Promise<string[]> {
  const { directory, random } = cut;
  const path = join(directory, 'catalog.sqlite-wal');
  if (!existsSync(path)) return [];
  const done: string[] = [];
  const { keepsAcknowledged, lastCommit } = await findUnsyncedEnd(cut);
  const { length } = await readFile(path);
  if (random.next() < 0.5) {
    const to = keepsAcknowledged + random.integer(length - keepsAcknowledged + 1);
    await truncate(path, to);
    const lost = to < lastCommit ? ', with the last commit' : '';
    done.push(`the log cut to ${to} of ${length}${lost}`);
  } else if (random.next() < 0.7) {
    const bytes = await readFile(path);
    const garbage = randomBytes(random, 1 + random.integer(20_000));
    await writeFile(path, Buffer.concat([bytes.subarray(0, lastCommit), garbage]));
    done.push(`${garbage.length} odd bytes behind the last commit of the log`);
  }
  if (random.next() < 0.5) {
    await rm(`${path.slice(0, -4)}-shm`, { force: true });
    done.push('its shared memory gone');
  }
  return done;
}

/**
 * Does to the files of a gallery that nobody has open what a power cut may: only to such as were never synced, or nothing
 * rests on. @returns what it did
 */
export async function cutPower(cut: PowerCut): Promise<string[]> {
  return [...(await tearLog(cut)), ...(await damageIndex(cut)), ...(await damageUnfinishedImages(cut))];
}
