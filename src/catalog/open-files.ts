import { statSync } from 'node:fs';
import type Database from 'better-sqlite3';

/**
 * Which file each connection of this process is to. It is of the process, as the locks are: when anything in a process
 * closes a file, the process loses every lock it has on it, those of SQLite too
 * (https://sqlite.org/howtocorrupt.html#_posix_advisory_locks_canceled_by_a_separate_thread_doing_close_).
 * So nothing but SQLite may open a file that is open here.
 */
const fileOf = new Map<Database.Database, string>();

function identify(path: string): string {
  const { dev, ino } = statSync(path, { bigint: true });
  return `${dev}/${ino}`;
}

export function noteOpen(database: Database.Database): void {
  fileOf.set(database, identify(database.name));
}

export function noteClosed(database: Database.Database): void {
  fileOf.delete(database);
}

export const isOpenHere = (path: string): boolean => [...fileOf.values()].includes(identify(path));
