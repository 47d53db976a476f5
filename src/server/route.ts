import type { Request, Response } from 'express';
import type { z } from 'zod';
import type { Operation, ParsedBodyOf } from '../api/operation.js';

/** A file of a form, or the picture that is a whole body. */
export interface UploadedFile {
  readonly bytes: Buffer;
  /** As the client calls it; nothing for a picture that is the whole body. */
  readonly name: string | undefined;
}

export type Body<Json> =
  | { readonly kind: 'json'; readonly value: Json }
  | {
      readonly kind: 'upload';
      readonly files: readonly UploadedFile[];
      /** Text fields of the form. */
      readonly fields: Readonly<Record<string, string>>;
    };

/** What a handler gets: everything checked, the body not yet read. */
export interface Call<O extends Operation> {
  readonly params: z.output<O['params']>;
  readonly query: z.output<O['query']>;
  readonly request: Request;
  readonly response: Response;
  /** Aborted when time is up, the client has gone, or the server stops. */
  readonly signal: AbortSignal;
  /** @throws MedoidError saying what was expected and what came */
  readBody(): Promise<Body<ParsedBodyOf<O>>>;
  /** The body of an operation that takes JSON only. @throws MedoidError likewise */
  readJson(): Promise<ParsedBodyOf<O>>;
}

/** What a handler answers; one that writes to the response itself answers nothing. */
export interface Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** An empty body unless given. */
  readonly json?: unknown;
}

export interface Route {
  readonly operation: Operation;
  readonly run: (call: Call<Operation>) => Promise<Answer | undefined> | Answer | undefined;
}

/** Binds a handler to an operation, with the operation's types. */
export const route = <O extends Operation>(
  operation: O,
  run: (call: Call<O>) => Promise<Answer | undefined> | Answer | undefined,
): Route => ({ operation, run: run as Route['run'] });
