/**
 * Path and query of a request's first line: they alone, as most clients write them, or the whole address (RFC 9112,
 * section 3.2.2); or a star. Express' router reads it with a parser that fails on some, and then answers by itself,
 * without the id, the log and the headers that every answer has.
 * @returns what that parser can read; nothing for what is no address
 */
export function findRequestPath(target: string): string | undefined {
  if (target === '*') return target;
  if (target.startsWith('/')) return target.replace(/#.*$/s, '');
  const url = URL.canParse(target) ? new URL(target) : undefined;
  return url?.protocol === 'http:' || url?.protocol === 'https:' ? url.pathname + url.search : undefined;
}
