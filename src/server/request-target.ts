export interface RequestTarget {
  /** With the query. */
  readonly path: string;
  /** What is asked, where that is said here and not in the header Host. */
  readonly host?: string;
}

/**
 * What the first line of a request asks for: a path, as most clients write it, or a whole address (RFC 9112, section
 * 3.2.2), or a star. Express' router reads it with a parser that fails on some, and then answers by itself, without
 * the id, the log and the headers that every answer has.
 * @returns what that parser can read; nothing for what is no address
 */
export function parseRequestTarget(text: string): RequestTarget | undefined {
  if (text === '*') return { path: text };
  if (text.startsWith('/')) return { path: text.replace(/#.*$/s, '') };
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') return undefined;
  return { path: url.pathname + url.search, host: url.host };
}
