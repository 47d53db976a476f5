import type { MedoidClient } from '../../src/client/medoid-client.js';
import type { Random } from '../../src/math/random.js';
import type { IdBook } from './id-book.js';
import {
  describeItem,
  type Intent,
  type ItemText,
  itemThing,
  type Ledger,
  parseItemThing,
} from './ledger.js';
import type { PicturePool, PoolPicture } from './picture-pool.js';

/** One item to be sent. */
export interface Draft {
  readonly key: string;
  readonly picture: PoolPicture;
  readonly label: string;
  readonly metadata: Record<string, unknown>;
}

export interface OwnItem extends ItemText {
  readonly collection: string;
  readonly key: string;
  readonly thing: string;
}

interface DeskParts {
  /** Of the client; its keys begin with it. */
  readonly name: string;
  readonly random: Random;
  readonly ledger: Ledger;
  readonly ids: IdBook;
  readonly pool: PicturePool;
}

/** The collection that all clients write to. */
export const sharedCollection = 'default';
/** Pictures from here on are asked with, and never added. */
export const firstQueryPicture = 1_000_000;
const differentPictures = 400;
const reusedKeysShare = 0.15;

/** What one client works with: its own keys, which nobody else changes. */
export class Desk {
  private drafts = 0;
  /** About how many items it keeps. */
  target = 60;

  constructor(readonly parts: DeskParts) {}

  get random(): Random {
    return this.parts.random;
  }

  /** A collection of its own, which comes and goes. */
  get sideCollection(): string {
    return `side-${this.parts.name}`;
  }

  has(thing: string): boolean {
    return this.parts.ledger.things.has(thing);
  }

  own(): OwnItem[] {
    const owned: OwnItem[] = [];
    for (const [thing, value] of this.parts.ledger.things) {
      const [, collection, key] = /^item ([^/]+)\/(.*)$/.exec(thing) ?? [];
      if (key?.startsWith(`${this.parts.name}-`))
        owned.push({ ...parseItemThing(value), collection, key, thing });
    }
    return owned;
  }

  pick<T>(from: readonly T[]): T {
    return from[this.random.integer(from.length)];
  }

  newPicture(): Promise<PoolPicture> {
    return this.parts.pool.get(this.random.integer(differentPictures));
  }

  newText(): { label: string; metadata: Record<string, unknown> } {
    const number = this.random.integer(1000);
    return {
      label: `label-${number % 7}`,
      metadata: { number, batch: `${this.parts.name}/${this.drafts >> 3}` },
    };
  }

  /** Of keys that are not there; some were once. */
  async draft(collection: string, count: number): Promise<Draft[]> {
    const drafts: Draft[] = [];
    while (drafts.length < count) {
      const isOld = this.drafts > 0 && this.random.next() < reusedKeysShare;
      const key = `${this.parts.name}-${isOld ? this.random.integer(this.drafts) : this.drafts++}`;
      if (this.has(itemThing(collection, key)) || drafts.some(draft => draft.key === key)) continue;
      drafts.push({ key, picture: await this.newPicture(), ...this.newText() });
    }
    return drafts;
  }
}

export const addIntent = (what: string, collection: string, drafts: readonly Draft[]): Intent => ({
  what: `${what} of ${drafts.map(({ key }) => key).join(', ')} to ${collection}`,
  isAtomic: true,
  changes: drafts.map(({ key, picture, label, metadata }) => ({
    name: itemThing(collection, key),
    to: describeItem({ label, metadata, imageSha256: picture.sha256 }),
  })),
});

export interface Server {
  readonly url: string;
  readonly client: MedoidClient;
}

/** What a client is about to do. */
export interface Plan {
  readonly intent: Intent;
  /** Returns when it is acknowledged, with the job that does it if one does. */
  send(server: Server): Promise<{ readonly job: number } | undefined>;
}
