import { lookup } from 'node:dns/promises';
import type { Socket } from 'node:net';
import { buildConnector } from 'undici';
import { MedoidError } from '../errors.js';
import { isPublicAddress, parseAddress } from './public-address.js';

/** All addresses of a host, as DNS answers now. */
export type ResolveHost = (hostname: string) => Promise<readonly string[]>;

export interface DialOptions {
  /** Addresses that may be dialled besides those of the public internet. */
  readonly allowAddress: (address: string) => boolean;
  readonly resolve: ResolveHost;
  /** Of one address; the next one of the host is tried after it. */
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

export const resolveHost: ResolveHost = async hostname =>
  (await lookup(hostname, { all: true, order: 'verbatim' })).map(({ address }) => address);

const unknownHost: ReadonlySet<unknown> = new Set(['ENOTFOUND', 'ENODATA']);

/** The same words whatever the reason, so that they do not tell which names and machines an inner network has. */
const notAllowed = (): MedoidError =>
  new MedoidError(
    'url-not-allowed',
    'expected a host with addresses of the public internet only, got one with others or none',
    { field: 'url' },
  );

/** @throws MedoidError `url-not-allowed` when one of the host's addresses may not be dialled, or it has none */
async function findAddresses(
  hostname: string,
  { allowAddress, resolve }: DialOptions,
): Promise<readonly string[]> {
  const literal = hostname.replace(/^\[(.*)\]$/, '$1');
  const found =
    parseAddress(literal) === undefined
      ? await resolve(hostname).catch(error => {
          if (unknownHost.has((error as NodeJS.ErrnoException).code)) return [];
          throw error;
        })
      : [literal];
  const addresses = found.map(parseAddress);
  const isAllowed = (address: string | undefined): address is string =>
    address !== undefined && (isPublicAddress(address) || allowAddress(address));
  if (addresses.length > 0 && addresses.every(isAllowed)) return addresses;
  throw notAllowed();
}

/**
 * Connects to a host only by an address that was looked up and checked for this very connection, so that DNS cannot
 * answer something else between the check and the use. TLS still asks for a certificate of the host's name.
 */
export function createCheckedDialer(options: DialOptions): buildConnector.connector {
  const { signal, timeoutMs } = options;
  const dial = buildConnector({ timeout: timeoutMs, signal, maxCachedSessions: 0 });
  const dialOne = (target: buildConnector.Options): Promise<Socket> =>
    new Promise((resolve, reject) => {
      signal.throwIfAborted();
      dial(target, (error, socket) => (error === null ? resolve(socket) : reject(error)));
    });
  const dialAny = async (target: buildConnector.Options): Promise<Socket> => {
    const [first, ...others] = await findAddresses(target.hostname, options);
    let socket = dialOne({ ...target, hostname: first });
    // What the last one says is what is said of them all.
    for (const hostname of others) socket = socket.catch(() => dialOne({ ...target, hostname }));
    return socket;
  };
  return (target, callback) => {
    dialAny(target).then(
      socket => callback(null, socket),
      error => callback(error, null),
    );
  };
}
