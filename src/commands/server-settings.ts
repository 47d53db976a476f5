import { isIP } from 'node:net';
import { z } from 'zod';
import { defaultSnapshotAfter } from '../gallery/default-snapshot-after.js';
import { defaultImageLimits } from '../images/limits.js';
import { isLoopback } from '../is-loopback.js';
import { nameList, numeric } from './command.js';

const count = (least: number) => numeric(z.number().int().min(least));

/** Node fires a timer of more milliseconds than this at once. */
const longestTimerMs = 2 ** 31 - 1;
const milliseconds = (least: number) => numeric(z.number().int().min(least).max(longestTimerMs));

/** `https://shop.example` or the same with a slash at its end; nothing for what is more than an origin, or none. */
function parseOrigin(text: string): string | undefined {
  if (!URL.canParse(text)) return undefined;
  const { protocol, origin, href } = new URL(text);
  const isWeb = protocol === 'http:' || protocol === 'https:';
  return isWeb && href === `${origin}/` ? origin : undefined;
}

const origin = z.string().transform((text, context) => {
  const parsed = parseOrigin(text);
  if (parsed !== undefined) return parsed;
  context.addIssue(`expected an origin such as https://shop.example, got ${JSON.stringify(text)}`);
  return z.NEVER;
});

function isNetwork(text: string): boolean {
  const [, address, length] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  const bits = { 0: -1, 4: 32, 6: 128 }[isIP(address ?? '')] ?? -1;
  return Number(length) <= bits;
}

const network = z.string().refine(isNetwork, {
  error: ({ input }) => `expected a range of addresses such as 10.0.0.0/8, got ${JSON.stringify(input)}`,
});

const port = z
  .string()
  .regex(/^[1-9]\d{0,4}$/, 'expected a port, 1 to 65535')
  .transform(Number)
  .refine(value => value <= 65_535, 'expected a port, 1 to 65535');

const onOrOff = z.enum(['on', 'off']);

/** How `medoid serve` is set up: by flag, environment or file. None of it is secret. */
export const serverSettings = z.strictObject({
  gallery: z.string().min(1).describe('folder of the gallery'),
  port: numeric(z.number().int().min(0).max(65_535)).default(8080).describe('0 = any that is free'),
  host: z.string().min(1).default('127.0.0.1').describe('address to listen on'),
  logLevel: z
    .enum(['silent', 'error', 'warn', 'info', 'debug'])
    .default('info')
    .describe('what is logged on stderr'),
  readOnly: z
    .boolean('expected true or false')
    .default(false)
    .describe('change nothing, so that another process may write to the gallery'),
  models: z
    .string()
    .min(1)
    .optional()
    .describe('folder with model directories that collections may be made with'),
  threads: numeric(z.number().int().min(0).max(1024))
    .default(0)
    .describe('threads that embed one batch; 0 = as many as cores'),
  auth: z
    .enum(['auto', 'required', 'off'])
    .default('auto')
    .describe('whether keys are asked for; auto: unless only this machine can reach the server'),
  rateLimit: count(0)
    .optional()
    .describe(
      'requests a minute of one key, or of one address where none is asked for; 0 = no limit (default: 3000 where keys are asked for, else 0)',
    ),
  corsOrigins: nameList
    .pipe(z.array(origin))
    .default([])
    .describe('origins whose pages may call the server, comma-separated'),
  trustProxy: numeric(z.number().int().min(0).max(32))
    .default(0)
    .describe('proxies in front, whose word on who calls is taken'),
  maxImageBytes: count(1).default(defaultImageLimits.maxBytes).describe('largest picture taken, in bytes'),
  maxPixels: count(1).default(defaultImageLimits.maxPixels).describe('most pixels of a picture'),
  maxSide: count(1).default(defaultImageLimits.maxSide).describe('longest side of a picture in pixels'),
  maxFrames: count(1).default(defaultImageLimits.maxFrames).describe('most frames or pages of a picture'),
  maxQueue: count(1).default(256).describe('pictures that may wait to be embedded; more are refused'),
  requestTimeoutMs: milliseconds(1).default(30_000).describe('milliseconds for a request to be answered'),
  shutdownTimeoutMs: milliseconds(0)
    .default(10_000)
    .describe('milliseconds for requests that are under way when the server is told to stop'),
  fetchUrls: onOrOff.default('off').describe('whether pictures may be given by their address'),
  fetchAllow: nameList
    .pipe(z.array(network))
    .default([])
    .describe('private ranges such as 10.0.0.0/8 that they may be fetched from too, comma-separated'),
  fetchPorts: nameList
    .pipe(z.array(port))
    .default([80, 443])
    .describe('ports that they may be fetched from, comma-separated'),
  fetchTimeoutMs: milliseconds(1).default(10_000).describe('milliseconds for a picture to be fetched'),
  jobsAtOnce: numeric(z.number().int().min(1).max(64))
    .default(1)
    .describe('long tasks that run side by side'),
  snapshotAfter: count(1)
    .default(defaultSnapshotAfter)
    .describe(
      'changes of a collection after which its index is saved, or a tenth of its items where that is more',
    ),
  metrics: onOrOff.default('on').describe('whether /metrics is there'),
  docs: onOrOff.default('on').describe('whether the pages on the HTTP interface are there'),
});

export type ServerSettings = z.output<typeof serverSettings>;

/**
 * Never false for a server that other machines can reach, by itself or through a proxy in front, unless `auth` says
 * `off` in so many words.
 */
export const asksForKeys = ({
  auth,
  host,
  trustProxy,
}: Pick<ServerSettings, 'auth' | 'host' | 'trustProxy'>): boolean =>
  auth === 'required' || (auth === 'auto' && (!isLoopback(host) || trustProxy > 0));

/** Of one key, or of one address where no keys are asked for; 0 = no limit. */
export const requestsPerMinute = (
  settings: Pick<ServerSettings, 'auth' | 'host' | 'trustProxy' | 'rateLimit'>,
): number => settings.rateLimit ?? (asksForKeys(settings) ? 3000 : 0);
