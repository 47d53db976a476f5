import type { Operations } from '../api/operations/index.js';
import type { Answer } from './messages.js';
import type { Message, Send } from './transport.js';

/** Asks, and reads what is answered. */
export class Caller {
  constructor(protected readonly send: Send) {}

  protected ask<Id extends keyof Operations>(message: Message): Promise<Answer<Id>> {
    return this.askFor<Answer<Id>>(message);
  }

  protected async askFor<Json>(message: Message): Promise<Json> {
    return (await (await this.send(message)).json()) as Json;
  }
}
