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
/** Wrong keys from one address in a minute, after which others are told to wait. */
const wrongKeysAMinute = 60;

function givenKey(request: Request): string | undefined {
  const bearer = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '');
  if (bearer !== null) return bearer[1];
  const own = request.headers['x-api-key'];
  return typeof own === 'string' && own !== '' ? own : undefined;
}

const tooMany = (limit: number, what: string): MedoidError =>
  new MedoidError('rate-limited', `expected at most ${limit} ${what} a minute: try again later`);

const addressOf = ({ ip }: Request): string => ipKeyGenerator(ip ?? 'unknown');

/** Who asks: known once the guard has let the request through, or refused it for what the key may not. */
const callers = new WeakMap<object, VerifiedKey>();

/** The id of the key that asks, for the log. */
export const callerOf = (request: object): string | undefined => callers.get(request)?.id;

/** Whether who asks has the scope; everybody has it where no keys are asked for. */
export const mayAs = (request: object, scope: string): boolean =>
  callers.get(request)?.scopes.includes(scope) ?? true;

const unauthenticated = (given: string | undefined): MedoidError =>
  new MedoidError(
    'unauthenticated',
    given === undefined
      ? 'expected a key as "Authorization: Bearer …" or "X-API-Key: …", got none'
      : 'expected a key that is valid, got one that is unknown or revoked',
  );

/**
 * Finds out who it is. Wrong keys are counted by address; a right one passes whatever others at its address, perhaps a
 * proxy's, have tried: nobody guesses 256 bits.
 */
function createAuthentication(keys: KeyVerifier): RequestHandler {
  const wrongKeys = rateLimit({
    windowMs: minuteMs,
    standardHeaders: false,
    legacyHeaders: false,
    limit: wrongKeysAMinute,
    keyGenerator: addressOf,
    handler: () => {
      throw tooMany(wrongKeysAMinute, 'wrong keys');
    },
  });
  return async (request, response, next) => {
    const given = givenKey(request);
    const key = given === undefined ? undefined : keys.verify(given);
    if (key !== undefined) {
      callers.set(request, key);
      return next();
    }
    response.set('WWW-Authenticate', 'Bearer realm="medoid"');
    if (given === undefined) throw unauthenticated(given);
    await wrongKeys(request, response, error => next(error ?? unauthenticated(given)));
  };
}

/** Whether who asks may do so. */
const authorise =
  ({ access }: Operation): RequestHandler =>
  (request, _, next) => {
    const { scopes = [] } = callers.get(request) ?? {};
    if (scopes.includes(access)) return next();
    throw new MedoidError(
      'forbidden',
      `expected a key with the scope ${access}, got one with ${scopes.join(', ')}`,
    );
  };

/** The handlers that stand before an operation: who is it, how often, and may they. */
export function createGuard({
  keys,
  rateLimit: limit,
}: GuardOptions): (operation: Operation) => RequestHandler[] {
  const limitOf = (request: Request): number => callers.get(request)?.rateLimit ?? limit;
  const requests = rateLimit({
    windowMs: minuteMs,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    limit: limitOf,
    skip: request => limitOf(request) === 0,
    keyGenerator: request => callers.get(request)?.id ?? addressOf(request),
    handler: request => {
      throw tooMany(limitOf(request), 'requests');
    },
  });
  const authenticate = keys === undefined ? undefined : createAuthentication(keys);
  return operation => {
    if (operation.access === 'public') return [];
    if (authenticate !== undefined) return [authenticate, requests, authorise(operation)];
    return limit === 0 ? [] : [requests];
  };
}
