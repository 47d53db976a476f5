import type { Request, RequestHandler } from 'express';
import { ipKeyGenerator, rateLimit } from 'express-rate-limit';
import type { Operation } from '../api/operation.js';
import { MedoidError } from '../errors.js';

/** A key as it was found to be. */
export interface VerifiedKey {
  readonly id: string;
  readonly name: string;
  /** Each that it has, with those that are included in it. */
  readonly scopes: readonly string[];
  /** Requests a minute, 0 = no limit; null = as the server has it. */
  readonly rateLimit: number | null;
}

export interface KeyVerifier {
  /** Nothing for a key that is unknown or revoked. */
  verify(key: string): VerifiedKey | undefined;
}

export interface GuardOptions {
  /** Asks every request but public ones for a key; nobody is asked where there is none. */
  readonly keys?: KeyVerifier;
  /** Requests a minute, of each key or, where no keys are asked for, each address; 0 = no limit. */
  readonly rateLimit: number;
}

const minuteMs = 60_000;
/** Wrong keys from one address in a minute, after which it is not listened to. */
const wrongKeysAMinute = 60;

function givenKey(request: Request): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '');
  if (bearer !== null) return bearer[1];
  const own = request.headers['x-api-key'];
  return typeof own === 'string' && own !== '' ? own : undefined;
}

const tooMany = (limit: number): MedoidError =>
  new MedoidError('rate-limited', `expected at most ${limit} requests a minute: try again later`);

const addressOf = ({ ip }: Request): string => ipKeyGenerator(ip ?? 'unknown');

/** Who asks: set by the guard before the handler runs. */
const callers = new WeakMap<Request, VerifiedKey>();

/** The name of the key that asks, for the log. */
export const callerOf = (request: Request): string | undefined => callers.get(request)?.id;

function authorise(keys: KeyVerifier, operation: Operation): RequestHandler {
  return (request, response, next) => {
    const given = givenKey(request);
    const key = given === undefined ? undefined : keys.verify(given);
    if (key === undefined) {
      response.set('WWW-Authenticate', 'Bearer realm="medoid"');
      throw new MedoidError(
        'unauthenticated',
        given === undefined
          ? 'expected a key as "Authorization: Bearer …" or "X-API-Key: …", got none'
          : 'expected a key that is valid, got one that is unknown or revoked',
      );
    }
    if (!key.scopes.includes(operation.access)) {
      throw new MedoidError(
        'forbidden',
        `expected a key with the scope ${operation.access}, got one with ${key.scopes.join(', ')}`,
      );
    }
    callers.set(request, key);
    next();
  };
}

/** The handlers that stand before an operation: who is it, may they, and how often. */
export function createGuard({
  keys,
  rateLimit: limit,
}: GuardOptions): (operation: Operation) => RequestHandler[] {
  const shared = { windowMs: minuteMs, standardHeaders: 'draft-8', legacyHeaders: false } as const;
  const limitOf = (request: Request): number => callers.get(request)?.rateLimit ?? limit;
  const requests = rateLimit({
    ...shared,
    limit: limitOf,
    skip: request => limitOf(request) === 0,
    keyGenerator: request => callers.get(request)?.id ?? addressOf(request),
    handler: request => {
      throw tooMany(limitOf(request));
    },
  });
  const wrongKeys = rateLimit({
    ...shared,
    standardHeaders: false,
    limit: wrongKeysAMinute,
    skipSuccessfulRequests: true,
    requestWasSuccessful: (_, { statusCode }) => statusCode !== 401,
    keyGenerator: addressOf,
    handler: () => {
      throw tooMany(wrongKeysAMinute);
    },
  });
  return operation => {
    if (operation.access === 'public') return [];
    if (keys !== undefined) return [wrongKeys, authorise(keys, operation), requests];
    return limit === 0 ? [] : [requests];
  };
}
