import { MedoidError } from '../errors.js';
import type { Gallery } from '../gallery/gallery.js';
import type { Notify } from '../gallery/notice.js';
import type { Metrics } from './metrics.js';

const everyMs = 10 * 60_000;

export interface WatchOptions {
  readonly metrics: Metrics;
  readonly notify: Notify;
  /** Ends the watch when it is aborted. */
  readonly signal: AbortSignal;
}

/** Measures at once, and now and then, how much of what is near the graphs find. */
export function watchRecall(gallery: Gallery, { metrics, notify, signal }: WatchOptions): void {
  let round = 0;
  const measure = async (): Promise<void> => {
    round++;
    for (const { name, items } of gallery.listCollections()) {
      if (items < 2 || signal.aborted) continue;
      try {
        const collection = await gallery.collection(name);
        const recall = await collection.probeRecall({ seed: round, signal });
        if (recall !== undefined) metrics.observeRecall(name, recall);
      } catch (error) {
        // One that is broken or gone is reported to whoever asks for it.
        if (!(error instanceof MedoidError)) notify(`the recall of ${name} could not be measured`, error);
      }
    }
  };
  const timer = setInterval(() => void measure(), everyMs).unref();
  signal.addEventListener('abort', () => clearInterval(timer), { once: true });
  void measure();
}
