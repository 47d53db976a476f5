import { afterEach, describe, expect, it } from 'vitest';
import { createTurns } from '../src/take-turns.js';
import { countTurns, slowClock } from './fixtures/count-turns.js';

describe('turns', () => {
  let restore = (): void => undefined;
  afterEach(() => restore());

  it('come to others every few milliseconds', async () => {
    restore = slowClock();
    const takeTurn = createTurns();
    const { turns } = await countTurns(async () => {
      for (let i = 0; i < 1000; i++) await takeTurn();
    });
    expect(turns).toBeGreaterThan(100);
    expect(turns).toBeLessThan(300);
  });

  it('end the work once it is to stop', async () => {
    restore = slowClock();
    const takeTurn = createTurns(AbortSignal.abort());
    const work = async (): Promise<void> => {
      for (let i = 0; i < 100; i++) await takeTurn();
    };
    await expect(work()).rejects.toThrow(expect.objectContaining({ code: 'interrupted' }));
  });
});
