import { type NearRow, nearestRows } from '../math/nearest-rows.js';
import { createRandom } from '../math/random.js';
import { createTurns } from '../take-turns.js';
import type { ReportedEmbeddings, ReportOptions } from './run-report.js';

const shownQueries = 12;
const shownNeighbours = 8;
/** Among so many queries those to be shown are sought. */
const lookedAt = 512;

export interface AnsweredQuery {
  readonly query: number;
  /** Nearest first; at least one. */
  readonly neighbours: readonly NearRow[];
}

export interface ChosenQueries {
  /** Those to be shown whose nearest image is of another class. */
  readonly wrong: readonly AnsweredQuery[];
  /** Those to be shown whose nearest image is of theirs. */
  readonly right: readonly AnsweredQuery[];
  /** Queries that were looked at, and how many of them find another class first. */
  readonly looked: number;
  readonly lookedWrong: number;
}

/** Queries in rounds through the classes, both shuffled: one of each class before a second of any. */
function inClassRounds(queries: readonly number[], labels: Int32Array, seed: number): number[] {
  const random = createRandom(`${seed}/queries`);
  const members = new Map<number, number[]>();
  for (const query of random.shuffle([...queries])) {
    const others = members.get(labels[query]);
    if (others === undefined) members.set(labels[query], [query]);
    else others.push(query);
  }
  const classes = [...members.values()];
  const rounds = Math.max(0, ...classes.map(({ length }) => length));
  return Array.from({ length: rounds }, (_, round) =>
    classes.flatMap(queries => queries.slice(round, round + 1)),
  ).flat();
}

/** Queries that have another image of their class to be found; the metrics are over these too. */
function answerable({ labels }: ReportedEmbeddings, queries: readonly number[], gallery: readonly number[]) {
  const counts = new Map<number, number>();
  for (const row of gallery) counts.set(labels[row], (counts.get(labels[row]) ?? 0) + 1);
  const isThere = new Set(gallery);
  return queries.filter(query => (counts.get(labels[query]) ?? 0) > (isThere.has(query) ? 1 : 0));
}

/**
 * Queries for a reader to look at: spread over the classes, half of them with a nearest image of another class where
 * there are enough of either kind.
 */
export async function chooseQueries(
  embeddings: ReportedEmbeddings,
  { seed, signal }: ReportOptions,
): Promise<ChosenQueries> {
  const { block, labels, rows } = embeddings;
  const takeTurn = createTurns(signal);
  const everyRow = Array.from({ length: block.count }, (_, row) => row);
  const candidates = rows === undefined ? everyRow : Array.from(rows.gallery);
  const queries = rows === undefined ? everyRow : Array.from(rows.queries);
  const asked = inClassRounds(answerable(embeddings, queries, candidates), labels, seed).slice(0, lookedAt);
  const right: AnsweredQuery[] = [];
  const wrong: AnsweredQuery[] = [];
  for (const query of asked) {
    await takeTurn();
    const neighbours = nearestRows(block, query, { candidates, count: shownNeighbours });
    const side = labels[neighbours[0].row] === labels[query] ? right : wrong;
    side.push({ query, neighbours });
  }
  const half = shownQueries / 2;
  const shownWrong = wrong.slice(0, Math.max(half, shownQueries - right.length));
  const shownRight = right.slice(0, shownQueries - shownWrong.length);
  return { wrong: shownWrong, right: shownRight, looked: asked.length, lookedWrong: wrong.length };
}
