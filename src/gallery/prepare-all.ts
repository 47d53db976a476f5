import type { FailedItem, PreparedItem } from './prepare-item.js';

type Preparing = Promise<PreparedItem | FailedItem>;

/** Lets go of the images of items, whether they were written or will not be. */
export async function releaseItems(items: readonly (PreparedItem | FailedItem)[]): Promise<void> {
  const released = await Promise.allSettled(
    items.map(item => ('hold' in item ? item.hold.release() : undefined)),
  );
  for (const result of released) if (result.status === 'rejected') throw result.reason;
}

/** All items, in order; when one fails unforeseen none is held any more once the failure is told. */
export async function prepareAll(preparing: readonly Preparing[]): Promise<(PreparedItem | FailedItem)[]> {
  const settled = await Promise.allSettled(preparing);
  const items = settled.flatMap(result => (result.status === 'fulfilled' ? [result.value] : []));
  const failure = settled.find(result => result.status === 'rejected');
  if (failure === undefined) return items;
  await releaseItems(items);
  throw failure.reason;
}
