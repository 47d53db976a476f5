import { connect, type Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

/** Bytes for a connection of its own. */
export interface RawRequest {
  /** What it is about; requests are counted by it. */
  readonly kind: string;
  readonly bytes: Buffer;
  /** Whether it is HTTP from beginning to end, so that it has to be answered. */
  readonly isWhole: boolean;
  /** Milliseconds between pieces of it, if it is sent in pieces. */
  readonly pauseMs?: number;
  /** Milliseconds after which who asks for what is not whole leaves. */
  readonly patienceMs?: number;
}

export interface RawAnswer {
  readonly status: number;
  /** Without its parameters; empty where there is none. */
  readonly type: string;
  /** Whether the app answered; else Node did, for what is no HTTP. */
  readonly isOfApp: boolean;
  readonly body: Buffer;
}

export interface RequestParts {
  readonly method?: string;
  readonly target: string;
  readonly headers?: readonly string[];
  readonly body?: Buffer | string;
  /** `Content-Length` unless given. */
  readonly chunked?: boolean;
}

/** Each byte of the text is one byte. */
const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1');

/** @param sizes of the chunks; the last is the rest */
export function toChunks(body: Buffer, size = 1000): Buffer {
  const chunks: Buffer[] = [];
  for (let at = 0; at < body.length; at += size) {
    const chunk = body.subarray(at, at + size);
    chunks.push(latin1(`${chunk.length.toString(16)}\r\n`), chunk, latin1('\r\n'));
  }
  return Buffer.concat([...chunks, latin1('0\r\n\r\n')]);
}

export function writeRequest({ method = 'GET', target, headers = [], body, chunked }: RequestParts): Buffer {
  const bytes = body === undefined ? undefined : Buffer.from(body);
  const framing =
    bytes === undefined
      ? []
      : [chunked === true ? 'Transfer-Encoding: chunked' : `Content-Length: ${bytes.length}`];
  const lines = [
    `${method} ${target} HTTP/1.1`,
    'Host: localhost',
    'Connection: close',
    ...framing,
    ...headers,
  ];
  const sent = chunked === true && bytes !== undefined ? toChunks(bytes) : (bytes ?? Buffer.alloc(0));
  return Buffer.concat([latin1(`${lines.join('\r\n')}\r\n\r\n`), sent]);
}

/** One that has to be answered. */
export const wholeRequest = (kind: string, parts: RequestParts): RawRequest => ({
  kind,
  bytes: writeRequest(parts),
  isWhole: true,
});

/** @returns nothing for what is no answer with a head */
function parseAnswer(received: Buffer): RawAnswer | undefined {
  const end = received.indexOf('\r\n\r\n');
  if (end === -1) return undefined;
  const head = received.subarray(0, end).toString('latin1');
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
  const rest = received.subarray(end + 4);
  if (status === 100) return parseAnswer(rest);
  const type = /\r\ncontent-type: ([^;\r]*)/i.exec(head)?.[1] ?? '';
  return { status, type, isOfApp: /\r\nx-request-id: /i.test(head), body: rest };
}

async function write(socket: Socket, { bytes, pauseMs }: RawRequest): Promise<void> {
  const pieces = pauseMs === undefined ? 1 : 4;
  for (let i = 0; i < pieces && !socket.destroyed; i++) {
    const [from, to] = [i, i + 1].map(at => Math.floor((at * bytes.length) / pieces));
    socket.write(bytes.subarray(from, to));
    if (pauseMs !== undefined) await delay(pauseMs);
  }
}

const defaultPatienceMs = 150;
const longestMs = 30_000;

/**
 * Sends it and waits for the connection to close.
 * @returns nothing for what was not answered
 */
export async function sendRaw(port: number, request: RawRequest): Promise<RawAnswer | undefined> {
  const received: Buffer[] = [];
  const socket = connect(port, '127.0.0.1');
  // A server that refuses a body resets the connection while more of it is being written.
  socket.on('error', () => undefined).on('data', chunk => received.push(chunk));
  const closed = new Promise<void>(resolve => socket.once('close', () => resolve()));
  const { isWhole, patienceMs = isWhole ? longestMs : defaultPatienceMs } = request;
  const timer = setTimeout(() => socket.destroy(), patienceMs);
  await write(socket, request);
  await closed;
  clearTimeout(timer);
  return parseAnswer(Buffer.concat(received));
}
