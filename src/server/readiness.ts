import type { Gallery } from '../gallery/gallery.js';

/** One that is being indexed is served, by comparison with every vector. */
type CollectionStatus = 'ready' | 'opening' | 'indexing' | 'broken';

export interface ReadinessReport {
  readonly status: 'ready' | 'starting' | 'stopping';
  readonly collections: readonly {
    readonly name: string;
    readonly status: CollectionStatus;
    readonly detail?: string;
  }[];
}

/** What may be sent requests, as a load balancer asks it. */
export interface Readiness {
  report(): ReadinessReport;
  /** Told when the opening of a collection, or the building of its index, begins or ends. */
  note(name: string, status: CollectionStatus, detail?: string): void;
}

/** @param stopping aborted when the server takes leave */
export function createReadiness(gallery: Pick<Gallery, 'listCollections'>, stopping: AbortSignal): Readiness {
  const noted = new Map<string, { status: CollectionStatus; detail?: string }>();
  return {
    note(name, status, detail) {
      noted.set(name, detail === undefined ? { status } : { status, detail });
    },
    report() {
      const collections = gallery
        .listCollections()
        // One that was made since is opened when it is first asked for.
        .map(({ name }) => ({ name, ...(noted.get(name) ?? { status: 'ready' as const }) }));
      if (stopping.aborted) return { status: 'stopping', collections };
      const isOpening = collections.some(({ status }) => status === 'opening');
      return { status: isOpening ? 'starting' : 'ready', collections };
    },
  };
}
