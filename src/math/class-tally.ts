import { inCodePointOrder } from '../in-code-point-order.js';
import { createRetrievalTally, type RetrievalTally } from './retrieval-tally.js';

/** How well the items of one class find each other. */
export interface ClassQuality {
  readonly label: string;
  /** That something of their class is there to be found by. */
  readonly queries: number;
  readonly recallAt1: number;
  readonly rPrecision: number;
  readonly mapAtR: number;
  /** The class that their nearest neighbour most often is of where it is not of theirs; null where it always is. */
  readonly mistakenFor: { readonly label: string; readonly queries: number } | null;
}

/** Of one query; ranks and R as for a `RetrievalTally`. */
export interface QueryOfClass {
  readonly label: string;
  readonly ranks: ArrayLike<number>;
  readonly relevant: number;
  /** Of the nearest neighbour; nothing where none was found. */
  readonly nearestLabel: string | undefined;
}

/** Sums up what is found, class by class. */
export interface ClassTally {
  count(query: QueryOfClass): void;
  /** The `count` classes of the least MAP@R, then Recall@1, worst first, equal ones in the order of their names. */
  worst(count: number): ClassQuality[];
}

interface OneClass {
  queries: number;
  readonly tally: RetrievalTally;
  /** Queries by the label of their nearest neighbour, where that is another. */
  readonly mistakes: Map<string, number>;
}

function mostMistaken(mistakes: ReadonlyMap<string, number>): ClassQuality['mistakenFor'] {
  const [most] = [...mistakes].sort(([a, n], [b, m]) => m - n || inCodePointOrder(a, b));
  return most === undefined ? null : { label: most[0], queries: most[1] };
}

function describe(label: string, { queries, tally, mistakes }: OneClass): ClassQuality {
  const { recallAt, rPrecision, mapAtR } = tally.metrics(queries);
  return { label, queries, recallAt1: recallAt[1], rPrecision, mapAtR, mistakenFor: mostMistaken(mistakes) };
}

const worstFirst = (a: ClassQuality, b: ClassQuality): number =>
  a.mapAtR - b.mapAtR || a.recallAt1 - b.recallAt1 || inCodePointOrder(a.label, b.label);

export function createClassTally(): ClassTally {
  const classes = new Map<string, OneClass>();
  return {
    count: ({ label, ranks, relevant, nearestLabel }) => {
      const one = classes.get(label) ?? { queries: 0, tally: createRetrievalTally([1]), mistakes: new Map() };
      classes.set(label, one);
      one.queries++;
      one.tally.countAtKs(ranks);
      one.tally.countAtR(ranks, relevant);
      if (nearestLabel === undefined || nearestLabel === label) return;
      one.mistakes.set(nearestLabel, (one.mistakes.get(nearestLabel) ?? 0) + 1);
    },
    worst: count =>
      [...classes]
        .map(([label, one]) => describe(label, one))
        .sort(worstFirst)
        .slice(0, count),
  };
}
