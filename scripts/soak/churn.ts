import { MedoidClient, ProblemError } from '../../src/client/medoid-client.js';
import type { Random } from '../../src/math/random.js';
import { sharedCollection } from '../crash/desk.js';
import type { PicturePool, PoolPicture } from '../crash/picture-pool.js';

export interface Churn {
  /** Of one client: its keys begin with it. */
  readonly name: string;
  readonly url: string;
  readonly random: Random;
  readonly pool: PicturePool;
  /** Of this client. */
  readonly items: number;
  readonly counts: Counts;
}

export interface Counts {
  searches: number;
  added: number;
  replaced: number;
  removed: number;
  /** Told to come again. */
  refused: number;
  /** Anything else that is no success. */
  errors: number;
}

const mostAtOnce = 32;
const differentPictures = 500;

/** Adds, replaces, removes and searches with about the same number of items all the time. */
export class Churner {
  private readonly client: MedoidClient;
  private keys: string[] = [];
  private added = 0;

  constructor(private readonly churn: Churn) {
    this.client = new MedoidClient({ baseUrl: churn.url, retries: 5 });
  }

  /** As many items as it is to hold. @throws ProblemError */
  async fill(signal: AbortSignal): Promise<void> {
    while (this.keys.length < this.churn.items && !signal.aborted)
      await this.add(Math.min(mostAtOnce, this.churn.items - this.keys.length));
  }

  /** Until the signal is aborted or the server is gone; what fails is counted. */
  async run(signal: AbortSignal): Promise<void> {
    const { counts } = this.churn;
    while (!signal.aborted) {
      try {
        await this.next();
      } catch (error) {
        if (error instanceof ProblemError && error.status === 503) counts.refused++;
        else counts.errors++;
        // A connection that broke: there is nobody to ask any more.
        if (!(error instanceof ProblemError)) return;
      }
    }
  }

  private next(): Promise<void> {
    const { random, items } = this.churn;
    const draw = random.next();
    if (draw < 0.4) return this.search();
    if (draw < 0.6) return this.replace();
    const count = 1 + random.integer(8);
    return this.keys.length < items ? this.add(count) : this.remove(count);
  }

  private picture(): Promise<PoolPicture> {
    return this.churn.pool.get(this.churn.random.integer(differentPictures));
  }

  private async upload(keys: readonly string[]): Promise<void> {
    const pictures = await Promise.all(
      keys.map(async key => {
        const number = this.churn.random.integer(1000);
        return {
          key,
          bytes: (await this.picture()).bytes,
          label: `label-${number % 50}`,
          metadata: { number },
        };
      }),
    );
    const { outcomes } = await this.client.uploadItems(sharedCollection, pictures);
    this.churn.counts.errors += outcomes.filter(({ status }) => status === 'failed').length;
  }

  private async add(count: number): Promise<void> {
    const keys = Array.from({ length: count }, () => `${this.churn.name}-${this.added++}`);
    await this.upload(keys);
    this.keys.push(...keys);
    this.churn.counts.added += count;
  }

  private async replace(): Promise<void> {
    if (this.keys.length === 0) return;
    await this.upload([this.keys[this.churn.random.integer(this.keys.length)]]);
    this.churn.counts.replaced++;
  }

  /** The oldest ones, so that each item goes sooner or later. */
  private async remove(count: number): Promise<void> {
    const keys = this.keys.slice(0, count);
    const { removed } = await this.client.deleteItems(sharedCollection, { keys });
    this.keys = this.keys.slice(count);
    this.churn.counts.removed += removed;
  }

  private async search(): Promise<void> {
    const { random, counts } = this.churn;
    const exact = random.next() < 0.3;
    const kind = random.integer(3);
    if (kind === 0) {
      await this.client.searchByImage(sharedCollection, (await this.picture()).bytes, { exact });
    } else if (this.keys.length > 0) {
      const query = { itemKey: this.keys[random.integer(this.keys.length)] };
      const gte = random.integer(900);
      const filter = { field: 'metadata.number' as const, range: { gte, lt: gte + 100 } };
      await this.client.search(sharedCollection, kind === 1 ? { query, exact } : { query, filter });
    }
    counts.searches++;
  }
}
