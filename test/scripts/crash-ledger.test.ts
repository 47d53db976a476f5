import { describe, expect, it } from 'vitest';
import { IdBook } from '../../scripts/crash/id-book.js';
import { describeItem, type Intent, Ledger, parseItemThing } from '../../scripts/crash/ledger.js';

const add = (names: readonly string[], isAtomic = true): Intent => ({
  what: 'add',
  isAtomic,
  changes: names.map(name => ({ name, to: 'new' })),
});
const withThings = (...names: readonly string[]): Ledger => {
  const ledger = new Ledger();
  ledger.settle(new Map(names.map(name => [name, 'old'])));
  return ledger;
};
const there = (entries: Record<string, string>) => new Map(Object.entries(entries));

describe('the ledger', () => {
  it('finds nothing wrong with what was acknowledged and is there', () => {
    const ledger = withThings('a');
    ledger.acknowledge(ledger.begin(add(['b'])));
    expect(ledger.compare(there({ a: 'old', b: 'new' }))).toEqual([]);
    expect(ledger.acknowledgements).toBe(1);
  });

  it('tells what was lost, what is otherwise, and what nobody sent', () => {
    const ledger = withThings('a', 'b');
    expect(ledger.compare(there({ b: 'other', c: 'new' }))).toEqual([
      'lost: a: expected old, got undefined',
      'other than acknowledged: b: expected old, got other',
      'ghost: c: expected undefined, got new',
    ]);
  });

  it('tells a deleted thing that is there again', () => {
    const ledger = withThings('a');
    const removal = { what: 'deletion', isAtomic: true, changes: [{ name: 'a', to: undefined }] };
    ledger.begin(removal);
    expect([ledger.compare(there({ a: 'old' })), ledger.compare(there({}))]).toEqual([[], []]);
    ledger.acknowledge(removal);
    expect(ledger.compare(there({ a: 'old' }))).toEqual(['ghost: a: expected undefined, got old']);
  });

  it('lets what was under way be done or not, but not by half, and not otherwise', () => {
    const ledger = withThings('a');
    ledger.begin(add(['a', 'b']));
    expect(ledger.compare(there({ a: 'old' }))).toEqual([]);
    expect(ledger.compare(there({ a: 'new', b: 'new' }))).toEqual([]);
    expect(ledger.compare(there({ a: 'new' }))).toEqual(['torn: add: 1 of 2 changes happened']);
    expect(ledger.compare(there({ a: 'third' }))).toEqual([
      'other than acknowledged: a: expected old, got third',
    ]);
    const apart = withThings('a');
    apart.begin(add(['a', 'b'], false));
    expect(apart.compare(there({ a: 'new' }))).toEqual([]);
  });

  it('counts on what a job was accepted for, though it may come later', () => {
    const ledger = withThings('a');
    const job = ledger.begin(add(['b']));
    ledger.acknowledge(job, { later: true });
    expect([...ledger.unsettled()]).toEqual(['b']);
    expect(ledger.compare(there({ a: 'old' }))).toEqual(['lost: b: expected new, got undefined']);
    ledger.fulfil(job);
    expect([...ledger.unsettled()]).toEqual([]);
  });

  it('says of an item all there is, in whatever order its metadata come', () => {
    const item = { label: null, metadata: { b: 1, a: [2] }, imageSha256: 'x' };
    expect(describeItem(item)).toBe(describeItem({ ...item, metadata: { a: [2], b: 1 } }));
    expect(describeItem(item)).not.toBe(describeItem({ ...item, label: '' }));
    expect(parseItemThing(describeItem(item))).toEqual(item);
  });
});

describe('the book of ids', () => {
  it('tells an id that comes back, and an item that gets another', () => {
    const ids = new IdBook();
    expect(
      ids.compare(
        new Map([
          ['a', 1],
          ['b', 2],
        ]),
      ),
    ).toEqual([]);
    expect(ids.compare(new Map([['b', 2]]))).toEqual([]);
    expect([...ids.retired]).toEqual([[1, 'a']]);
    expect(
      ids.compare(
        new Map([
          ['b', 3],
          ['c', 1],
        ]),
      ),
    ).toEqual(['b had the id 2, now 3', 'id 1 came back: it was of a, now of c']);
  });
});
