import type { Operations } from '../api/operations/index.js';
import type { Answer } from './messages.js';
import { type ClientOptions, createTransport, type Message, type Send } from './transport.js';

/** What all methods of a client ask with. */
export class Asking {
  protected readonly send: Send;

  constructor(options: ClientOptions) {
    this.send = createTransport(options);
  }

  protected ask<Id extends keyof Operations>(message: Message): Promise<Answer<Id>> {
    return this.askFor<Answer<Id>>(message);
  }

  protected async askFor<Json>(message: Message): Promise<Json> {
    return (await (await this.send(message)).json()) as Json;
  }
}
