import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { inBatches, workAhead } from '../src/work-ahead.js';

describe('work ahead', () => {
  const entries = [0, 1, 2, 3, 4, 5, 6];

  it.each([1, 2, 3, 99])('is handed over in order, with no more than %i under way', async ahead => {
    let [underWay, most] = [0, 0];
    const work = async (entry: number): Promise<number> => {
      most = Math.max(most, ++underWay);
      // Later ones end sooner.
      for (let i = entry; i < 10; i++) await setImmediate();
      underWay--;
      return 10 * entry;
    };
    const done: [number, number][] = [];
    for await (const pair of workAhead(entries, work, { ahead })) done.push(pair);
    expect(done).toEqual(entries.map(entry => [entry, 10 * entry]));
    expect(most).toBe(Math.min(ahead, entries.length));
  });

  it('ends with the first failure in order, once what is under way has ended', async () => {
    const ended: number[] = [];
    const work = async (entry: number): Promise<void> => {
      for (let i = 0; i < entry; i++) await setImmediate();
      ended.push(entry);
      if (entry === 2 || entry === 3) throw new Error(`number ${entry}`);
    };
    const handed: number[] = [];
    const use = async (): Promise<void> => {
      for await (const [entry] of workAhead(entries, work, { ahead: 3 })) handed.push(entry);
    };
    await expect(use()).rejects.toThrow('number 2');
    expect(handed).toEqual([0, 1]);
    expect(ended).toEqual([0, 1, 2, 3, 4]);
  });

  it('puts entries into batches, the last one smaller', () => {
    expect(inBatches(entries, 3)).toEqual([[0, 1, 2], [3, 4, 5], [6]]);
    expect(inBatches([], 3)).toEqual([]);
  });
});
