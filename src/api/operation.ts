import type { z } from 'zod';
import type { ErrorCode } from '../errors.js';

/** What a key must be allowed; each scope includes the ones before. `public` asks for no key. */
export type Access = 'public' | 'read' | 'write' | 'admin';

/** Pictures in a body: as files of a form, or one as the body itself. */
export interface UploadDescription {
  /** Files of one form. */
  readonly mostFiles: number;
  /** Text fields of the form beside the files, by name; none unless given. */
  readonly fields?: Readonly<Record<string, string>>;
}

export interface BodyDescription {
  readonly json?: z.ZodType;
  /** Whether the JSON may carry pictures, and so may be large; it may wherever they can be uploaded. */
  readonly pictures?: boolean;
  readonly upload?: UploadDescription;
}

/** One way in which a request succeeds. */
export interface AnswerDescription {
  readonly description: string;
  readonly json?: z.ZodType;
  /** Media types of an answer that is no JSON. */
  readonly media?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

/**
 * One route as its users see it. The server binds a handler to it, `/openapi.json` is generated from it, and the typed
 * client takes its types from it.
 */
export interface Operation {
  /** Unique; the name of the client's method. */
  readonly id: string;
  readonly method: 'get' | 'post' | 'put' | 'patch' | 'delete';
  /** With parameters in braces. */
  readonly path: string;
  readonly tag:
    | 'Operating'
    | 'Collections'
    | 'Items'
    | 'Search'
    | 'Clusters'
    | 'Duplicates'
    | 'Models'
    | 'Evaluations'
    | 'Jobs';
  readonly summary: string;
  readonly description?: string;
  readonly access: Access;
  /** Parameters in the path. */
  readonly params: z.ZodObject;
  /** Parameters after `?`. */
  readonly query: z.ZodObject;
  /** Request headers that change the answer, with what they do. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: BodyDescription;
  readonly answers: Readonly<Record<number, AnswerDescription>>;
  /** What can go wrong beside what can always go wrong (`commonProblems`). */
  readonly problems: readonly ErrorCode[];
  /** The answer has no end of its own: no time limit holds for it. */
  readonly streams?: boolean;
}

/** Keeps the types of one operation. */
export const defineOperation = <const Definition extends Operation>(operation: Definition): Definition =>
  operation;

type OutputOf<Schema> = Schema extends z.ZodType ? z.output<Schema> : never;
type InputOf<Schema> = Schema extends z.ZodType ? z.input<Schema> : never;

/** The JSON bodies an operation can succeed with. */
export type AnswerOf<O extends Operation> = {
  [Status in keyof O['answers']]: O['answers'][Status] extends { readonly json: infer Schema }
    ? OutputOf<Schema>
    : never;
}[keyof O['answers']];

/** The JSON body as a client writes it. */
export type JsonBodyOf<O extends Operation> = O['body'] extends { readonly json: infer Schema }
  ? InputOf<Schema>
  : never;

/** The JSON body as the server reads it. */
export type ParsedBodyOf<O extends Operation> = O['body'] extends { readonly json: infer Schema }
  ? OutputOf<Schema>
  : never;
