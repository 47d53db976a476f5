import { setTimeout as wait } from 'node:timers/promises';
import { MedoidError } from '../../errors.js';

/** Longer than it takes to put a file and what belongs to it into place. */
const pauseMs = 300;
const attempts = 4;

/**
 * Reads what consists of several files, again after a while where somebody may be replacing it.
 * @returns what was read, or the error that came each time
 */
export async function tryAgain<T>(read: () => Promise<T>, mayChange: boolean): Promise<T | MedoidError> {
  for (let left = mayChange ? attempts : 1; ; left--) {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof MedoidError) || error.code === 'interrupted') throw error;
      if (left <= 1) return error;
    }
    await wait(pauseMs);
  }
}
