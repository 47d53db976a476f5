import cors from 'cors';
import type { Request, RequestHandler } from 'express';
import { MedoidError } from '../errors.js';

export interface CrossOriginOptions {
  /** Origins whose pages may use the interface from a browser, such as `https://shop.example`. */
  readonly origins: readonly string[];
  /**
   * Names by which the server may be called; any where there is none. A server on loopback that asks for no keys
   * answers its own names only: a page could otherwise point a name of its own at 127.0.0.1 and read everything.
   */
  readonly hosts?: readonly string[];
}

/** What the first line of a request names goes before the header (RFC 9112, 3.2.2). */
const hostOf = ({ url, headers }: Request): string =>
  /^https?:\/\/([^/?#]*)/i.exec(url)?.[1] ?? headers.host ?? '';

const nameOf = (host: string): string => host.replace(/:\d+$/, '').toLowerCase();

function requireHost(hosts: readonly string[]): RequestHandler {
  return (request, _, next) => {
    const host = hostOf(request);
    if (hosts.includes(nameOf(host))) return next();
    throw new MedoidError(
      'forbidden',
      `expected a Host of ${hosts.join(', ')}, got ${JSON.stringify(host)}`,
      {
        field: 'Host',
      },
    );
  };
}

/** By name and port: behind a proxy the page may have come by https and the request by http. */
function isOwn(origin: string, host: string): boolean {
  if (!URL.canParse(origin)) return false;
  const page = new URL(origin);
  // Of which the port is left out where the page's scheme has it anyway.
  const here = `${page.protocol}//${host}`;
  return URL.canParse(here) && new URL(here).host === page.host;
}

/** Whether a page of another origin makes the browser ask. */
function isForeign(request: Request, origins: readonly string[]): boolean {
  const { origin, 'sec-fetch-site': site } = request.headers;
  // Browsers say it, no page can, and a proxy that calls the server by another name leaves it as it is.
  if (site === 'same-origin') return false;
  if (origin === undefined) return site === 'cross-site';
  return !isOwn(origin, hostOf(request)) && !origins.includes(origin);
}

/**
 * Browsers send forms and pictures to other sites without asking anybody first, so what changes something is refused
 * when it comes from a page that is not let in. Reading is closed by the browser itself (CORS).
 */
const requireKnownOrigin =
  (origins: readonly string[]): RequestHandler =>
  (request, _, next) => {
    if (['GET', 'HEAD', 'OPTIONS'].includes(request.method) || !isForeign(request, origins)) return next();
    throw new MedoidError(
      'forbidden',
      'expected a request from a page that is let in, got one of another origin',
      {
        field: 'Origin',
      },
    );
  };

export function createCrossOrigin({ origins, hosts }: CrossOriginOptions): RequestHandler[] {
  const letIn = cors({
    origin: origins.length === 0 ? false : [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    allowedHeaders: ['Authorization', 'Content-Type', 'If-None-Match', 'Prefer', 'X-API-Key', 'X-Request-Id'],
    exposedHeaders: ['ETag', 'Location', 'Retry-After', 'RateLimit', 'RateLimit-Policy', 'X-Request-Id'],
    maxAge: 600,
  });
  return [...(hosts === undefined ? [] : [requireHost(hosts)]), letIn, requireKnownOrigin(origins)];
}
