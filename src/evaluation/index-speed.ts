import { rowOf, type VectorBlock } from '../math/vectors.js';
import { createTurns } from '../take-turns.js';
import type { VectorIndex } from '../vector-index/vector-index.js';

/** Enough for a mean that says something, few enough to compare each with every vector. */
const timedQueries = 500;

interface TimedRows {
  /** Of the block. */
  readonly rows: ArrayLike<number>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Adds the rows one by one, each known by its position among them. Other work has its turns meanwhile.
 * @returns seconds
 * @throws MedoidError `invalid-vector` or `interrupted`
 */
export async function fillIndex(
  index: VectorIndex,
  block: VectorBlock,
  { rows, signal }: TimedRows,
): Promise<number> {
  const takeTurn = createTurns(signal);
  const started = performance.now();
  for (let position = 0; position < rows.length; position++) {
    await takeTurn();
    index.add([{ id: position, vector: rowOf(block, rows[position]) }]);
  }
  return (performance.now() - started) / 1000;
}

/**
 * Asks at most 500 of the rows, spread evenly, one at a time. Other work has its turns meanwhile.
 * @returns queries a second; 0 where there are none
 * @throws MedoidError `interrupted`
 */
export async function measureSpeed(
  index: VectorIndex,
  block: VectorBlock,
  { rows, count, signal }: TimedRows & { readonly count: number },
): Promise<number> {
  const takeTurn = createTurns(signal);
  const step = Math.ceil(rows.length / timedQueries);
  let milliseconds = 0;
  let asked = 0;
  for (let i = 0; i < rows.length; i += step, asked++) {
    await takeTurn();
    const started = performance.now();
    index.search(rowOf(block, rows[i]), count);
    milliseconds += performance.now() - started;
  }
  return asked === 0 ? 0 : (1000 * asked) / milliseconds;
}
