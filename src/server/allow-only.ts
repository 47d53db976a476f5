import type { RequestHandler } from 'express';
import { MedoidError } from '../errors.js';

/** Comes last on a route: says which methods it knows to every other. */
export const allowOnly =
  (...methods: readonly string[]): RequestHandler =>
  (request, response) => {
    const known = methods.includes('GET') ? ['GET', 'HEAD', ...methods.filter(m => m !== 'GET')] : methods;
    const allow = [...known, 'OPTIONS'].join(', ');
    response.set('Allow', allow);
    if (request.method === 'OPTIONS') {
      response.status(204).end();
      return;
    }
    throw new MedoidError('method-not-allowed', `expected one of ${allow}, got ${request.method}`);
  };
