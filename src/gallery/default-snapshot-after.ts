/** Changes of a collection after which a snapshot of its index is written, or a tenth of its items where that is more. */
export const defaultSnapshotAfter = 1000;
