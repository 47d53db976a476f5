import { MedoidError } from '../errors.js';

/** One that waits for its turn, and what it is to be told then. */
export interface Ticket<T, R> {
  readonly work: T;
  readonly resolve: (result: R) => void;
  readonly reject: (error: unknown) => void;
}

/** Those who leave together: one listener, however many pictures a call has. */
interface Company<T, R> {
  readonly tickets: Set<Ticket<T, R>>;
  readonly leave: () => void;
}

/** Work that has not begun, first come first served; what is aborted leaves at once. */
export class WaitingLine<T, R> {
  private readonly tickets = new Map<Ticket<T, R>, AbortSignal | undefined>();
  private readonly companies = new Map<AbortSignal, Company<T, R>>();

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
      if (signal?.aborted) return rejectTicket(ticket);
      this.tickets.set(ticket, signal);
      if (signal !== undefined) this.companyOf(signal).tickets.add(ticket);
    });
  }

  /** Those whose turn it is, at most so many. */
  take(count: number): Ticket<T, R>[] {
    const taken: Ticket<T, R>[] = [];
    for (const [ticket, signal] of this.tickets) {
      if (taken.length >= count) break;
      this.tickets.delete(ticket);
      if (signal !== undefined) this.part(ticket, signal);
      taken.push(ticket);
    }
    return taken;
  }

  private companyOf(signal: AbortSignal): Company<T, R> {
    const known = this.companies.get(signal);
    if (known !== undefined) return known;
    const tickets = new Set<Ticket<T, R>>();
    const leave = (): void => {
      this.companies.delete(signal);
      for (const ticket of tickets) {
        this.tickets.delete(ticket);
        rejectTicket(ticket);
      }
    };
    const company = { tickets, leave };
    this.companies.set(signal, company);
    signal.addEventListener('abort', leave, { once: true });
    return company;
  }

  /** The last one takes the listener along. */
  private part(ticket: Ticket<T, R>, signal: AbortSignal): void {
    const { tickets, leave } = this.companyOf(signal);
    tickets.delete(ticket);
    if (tickets.size > 0) return;
    this.companies.delete(signal);
    signal.removeEventListener('abort', leave);
  }
}

function rejectTicket({ reject }: Pick<Ticket<never, never>, 'reject'>): void {
  reject(new MedoidError('interrupted', 'stopped on request, before it had begun'));
}
