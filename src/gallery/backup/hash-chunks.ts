import { createHash } from 'node:crypto';
import { stopIfAborted } from '../stop-if-aborted.js';

/** The chunks as they come, and their SHA-256 once all have come. @throws MedoidError `interrupted`, between chunks */
export function hashChunks(
  source: AsyncIterable<Buffer> | Iterable<Buffer>,
  signal: AbortSignal,
): { readonly chunks: AsyncGenerator<Buffer>; readonly digest: () => string } {
  const hash = createHash('sha256');
  async function* pass(): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      stopIfAborted(signal);
      hash.update(chunk);
      yield chunk;
    }
  }
  return { chunks: pass(), digest: () => hash.digest('hex') };
}
