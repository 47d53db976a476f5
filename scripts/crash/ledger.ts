/** What a gallery has, by name: `collection <name>`, or `item <collection>/<key>`; the value says all there is to say. */
export type Things = ReadonlyMap<string, string>;

export interface Change {
  readonly name: string;
  /** Nothing: it goes. */
  readonly to: string | undefined;
}

/** What a client has sent and not heard of yet. */
export interface Intent {
  readonly what: string;
  readonly changes: readonly Change[];
  /** All of it happens or nothing does. */
  readonly isAtomic: boolean;
}

export interface ItemText {
  readonly label: string | null;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly imageSha256: string;
}

export const collectionThing = (name: string): string => `collection ${name}`;
export const itemThing = (collection: string, key: string): string => `item ${collection}/${key}`;
const sorted = (metadata: Readonly<Record<string, unknown>>): [string, unknown][] =>
  Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
export const describeItem = ({ label, metadata, imageSha256 }: ItemText): string =>
  JSON.stringify([label, sorted(metadata), imageSha256]);

/** The inverse of `describeItem`. */
export function parseItemThing(value: string): ItemText {
  const [label, metadata, imageSha256] = JSON.parse(value) as [string | null, [string, unknown][], string];
  return { label, metadata: Object.fromEntries(metadata), imageSha256 };
}

/**
 * What was acknowledged, and what may or may not have happened. Each thing is changed by one client, one change after
 * the other, so at most one intent is open for it.
 */
export class Ledger {
  private readonly acknowledged = new Map<string, string>();
  private readonly open = new Set<Intent>();
  /** What a job was accepted for that nobody has seen the end of: it is to be there, sooner or later. */
  private readonly promised = new Set<string>();
  /** Answered with success since the beginning. */
  acknowledgements = 0;

  get things(): Things {
    return this.acknowledged;
  }

  /** Names that may be other than they were acknowledged, or still to come. */
  unsettled(): ReadonlySet<string> {
    const names = [...this.open].flatMap(({ changes }) => changes.map(({ name }) => name));
    return new Set([...names, ...this.promised]);
  }

  begin(intent: Intent): Intent {
    this.open.add(intent);
    return intent;
  }

  /** @param later by a job that was accepted */
  acknowledge(intent: Intent, { later = false } = {}): void {
    this.open.delete(intent);
    this.acknowledgements++;
    for (const { name, to } of intent.changes) {
      if (to === undefined) this.acknowledged.delete(name);
      else this.acknowledged.set(name, to);
      if (later) this.promised.add(name);
    }
  }

  /** The job of these has ended. */
  fulfil({ changes }: Intent): void {
    for (const { name } of changes) this.promised.delete(name);
  }

  /** The server refused: nothing of it is to have happened. */
  withdraw(intent: Intent): void {
    this.open.delete(intent);
  }

  /** What is wrong with what is there, each in a line; nothing when it is as it must be. */
  compare(actual: Things): string[] {
    const possible = new Map<string, Set<string | undefined>>();
    for (const { changes } of this.open) {
      for (const { name, to } of changes) possible.set(name, (possible.get(name) ?? new Set()).add(to));
    }
    const wrong: string[] = [];
    for (const name of new Set([...this.acknowledged.keys(), ...actual.keys(), ...possible.keys()])) {
      const [expected, found] = [this.acknowledged.get(name), actual.get(name)];
      if (found === expected || possible.get(name)?.has(found) === true) continue;
      const kind =
        expected === undefined ? 'ghost' : found === undefined ? 'lost' : 'other than acknowledged';
      wrong.push(`${kind}: ${name}: expected ${expected}, got ${found}`);
    }
    return [...wrong, ...this.torn(actual)];
  }

  /** Takes what is there for true: nothing is open any more. */
  settle(actual: Things): void {
    this.open.clear();
    this.promised.clear();
    this.acknowledged.clear();
    for (const [name, value] of actual) this.acknowledged.set(name, value);
  }

  /** Intents that happened by half. */
  private torn(actual: Things): string[] {
    return [...this.open].flatMap(({ what, changes, isAtomic }) => {
      const telling = changes.filter(({ name, to }) => this.acknowledged.get(name) !== to);
      const done = telling.filter(({ name, to }) => actual.get(name) === to).length;
      if (!isAtomic || done === 0 || done === telling.length) return [];
      return [`torn: ${what}: ${done} of ${telling.length} changes happened`];
    });
  }
}
