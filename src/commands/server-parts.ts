import { BlockList, isIP } from 'node:net';
import pLimit from 'p-limit';
import { KeyStore } from '../catalog/key-store.js';
import { createBatchingEmbedder } from '../embed/batching-embedder.js';
import type { Embedder } from '../embed/embedder.js';
import { MedoidError } from '../errors.js';
import { createImageFetcher, type ImageFetcher } from '../images/fetch-image.js';
import type { ImageLimits } from '../images/limits.js';
import { isLoopback } from '../is-loopback.js';
import { asksForKeys, type ServerSettings } from './server-settings.js';

/** What is refused before a pixel is decoded. */
export const limitsOf = ({ maxImageBytes, maxPixels, maxSide, maxFrames }: ServerSettings): ImageLimits => ({
  maxBytes: maxImageBytes,
  maxPixels,
  maxSide,
  maxFrames,
});

/** The names that a server answers to: of one that asks nobody for a key its own only. */
export const hostsOf = (settings: ServerSettings): readonly string[] | undefined =>
  asksForKeys(settings) || !isLoopback(settings.host)
    ? undefined
    : [...new Set(['localhost', '127.0.0.1', '[::1]', settings.host])];

/** Nothing where no keys are asked for. */
export function openKeys(settings: ServerSettings, report: (message: string) => void): KeyStore | undefined {
  const { gallery, readOnly } = settings;
  if (!asksForKeys(settings)) return undefined;
  const keys = KeyStore.open(gallery, { access: readOnly ? 'read' : 'write', onNotice: report });
  if (keys.list().every(({ revokedAt }) => revokedAt !== null)) {
    report(
      `no key is valid yet, so nobody can ask anything: \`medoid keys create --gallery ${gallery}\` makes one`,
    );
  }
  return keys;
}

/** Pictures that are fetched at the same time, each in memory; more wait, no more than may wait to be embedded. */
const fetchedAtOnce = 16;

/** Nothing where no pictures are fetched. */
export function openFetcher(settings: ServerSettings): ImageFetcher | undefined {
  if (settings.fetchUrls === 'off') return undefined;
  const allowed = new BlockList();
  for (const range of settings.fetchAllow) {
    const [address, length] = range.split('/');
    allowed.addSubnet(address, Number(length), isIP(address) === 6 ? 'ipv6' : 'ipv4');
  }
  const fetcher = createImageFetcher({
    maxBytes: settings.maxImageBytes,
    timeoutMs: settings.fetchTimeoutMs,
    allowedPorts: settings.fetchPorts,
    allowAddress: address => allowed.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4'),
  });
  const inTurn = pLimit(fetchedAtOnce);
  return {
    async fetch(url, signal) {
      if (inTurn.pendingCount < settings.maxQueue) return inTurn(() => fetcher.fetch(url, signal));
      throw new MedoidError(
        'overloaded',
        'expected room for another picture to be fetched, got many at once: try again',
      );
    },
    close: () => fetcher.close(),
  };
}

export interface EmbeddingQueue {
  /** Puts a bounded queue before a model. */
  wrap(embedder: Embedder): Embedder;
  /** Pictures that wait, of all models. */
  waiting(): number;
}

export function createEmbeddingQueue(
  { maxQueue }: ServerSettings,
  onBatch: (pictures: number, ms: number) => void,
): EmbeddingQueue {
  const opened = new Set<{ readonly waiting: number }>();
  return {
    wrap(embedder) {
      const batching = createBatchingEmbedder(embedder, { maxWaiting: maxQueue, onBatch });
      opened.add(batching);
      const close = batching.close.bind(batching);
      batching.close = () => close().finally(() => opened.delete(batching));
      return batching;
    },
    waiting: () => [...opened].reduce((sum, { waiting }) => sum + waiting, 0),
  };
}
