import type { Request } from 'express';
import { MedoidError } from '../errors.js';

export interface BudgetOptions {
  /** Of all bodies in memory at a time. */
  readonly maxBytes?: number;
  /** As small a body as this is always read. */
  readonly smallBytes?: number;
}

/** What bodies take in memory, of all requests together. */
export interface BodyBudget {
  /**
   * Counts the body of a request as it comes, until `done`.
   * @param weight bytes of memory for a byte of the body
   * @returns a promise that never resolves
   * @throws MedoidError `overloaded` as soon as there is no room for more of it beside the others
   */
  charge(
    request: Request,
    options: { readonly weight: number; readonly done: Promise<void> },
  ): Promise<never>;
}

export function createBodyBudget({
  maxBytes = 512 * 1024 * 1024,
  smallBytes = 1024 * 1024,
}: BudgetOptions = {}): BodyBudget {
  let underWay = 0;
  return {
    charge(request, { weight, done }) {
      return new Promise((_, reject) => {
        let own = 0;
        const count = (chunk: Buffer): void => {
          own += weight * chunk.length;
          underWay += weight * chunk.length;
          if (underWay <= maxBytes || own <= weight * smallBytes || own === underWay) return;
          reject(
            new MedoidError('overloaded', 'expected room for another upload, got many at once: try again'),
          );
        };
        request.on('data', count);
        void done.then(() => {
          request.off('data', count);
          underWay -= own;
        });
      });
    },
  };
}
