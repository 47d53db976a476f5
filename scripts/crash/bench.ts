import type { MedoidClient } from '../../src/client/medoid-client.js';
import type { Random } from '../../src/math/random.js';
import type { Desk } from './desk.js';
import type { IdBook } from './id-book.js';
import type { Ledger } from './ledger.js';
import type { Neighbours } from './measure-neighbours.js';
import type { PicturePool } from './picture-pool.js';
import type { Victim } from './victim.js';

export interface RunningServer {
  readonly victim: Victim;
  readonly url: string;
  readonly client: MedoidClient;
  /** Milliseconds from its start until it answered. */
  readonly startMs: number;
}

/** What all rounds work with. */
export interface Bench {
  readonly directory: string;
  /** For what is no part of the gallery. */
  readonly temporary: string;
  /** Where the victims' words go. */
  readonly logPath: string;
  readonly random: Random;
  readonly pool: PicturePool;
  readonly ledger: Ledger;
  readonly ids: IdBook;
  readonly desks: readonly Desk[];
  /** Verbs and options that the program has. */
  readonly knows: (word: string) => boolean;
  readonly signal: AbortSignal;
}

/** What a phase leaves to be compared with what comes after it. */
export interface Killed {
  /** For people. */
  readonly what: string;
  readonly neighbours?: Neighbours;
}

/** A way to end what works on a gallery. The server that it is given, and whatever else it starts, is gone afterwards. */
export type Phase = (bench: Bench, server: RunningServer) => Promise<Killed>;
