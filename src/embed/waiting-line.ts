import { MedoidError } from '../errors.js';

/** One that waits for its turn, and what it is to be told then. */
export interface Ticket<T, R> {
  readonly work: T;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

/** Work that has not begun, first come first served; what is aborted leaves at once. */
export class WaitingLine<T, R> {
  private readonly tickets = new Map<Ticket<T, R>, () => void>();

  get length(): number {
    return this.tickets.size;
  }

  /**
   * @returns what the ticket is told once it was taken
   * @throws MedoidError `interrupted` when `signal` is aborted before it was
   */
  join(work: T, signal?: AbortSignal): Promise<R> {
    return new Promise((resolve, reject) => {
      const ticket = { work, resolve, reject };
      const leave = (): void => {
        this.tickets.delete(ticket);
        reject(new MedoidError('interrupted', 'stopped on request, before it had begun'));
      };
      if (signal?.aborted) return leave();
      signal?.addEventListener('abort', leave, { once: true });
      this.tickets.set(ticket, () => signal?.removeEventListener('abort', leave));
    });
  }

  /** Those whose turn it is, at most so many. */
  take(count: number): Ticket<T, R>[] {
    const taken: Ticket<T, R>[] = [];
    for (const [ticket, forget] of this.tickets) {
      if (taken.length >= count) break;
      this.tickets.delete(ticket);
      forget();
      taken.push(ticket);
    }
    return taken;
  }
}
