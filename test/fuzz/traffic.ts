import type { Random } from '../../src/math/random.js';
import type { Known, RequestMaker } from './known.js';
import { type RawAnswer, type RawRequest, sendRaw } from './raw-request.js';

/** Statuses of 500 and above that are no fault of the server. */
const deliberate: ReadonlySet<unknown> = new Set(['overloaded', 'timed-out', 'interrupted']);

/** Of a longer one the rest may be refused, and its writer then hears of nothing but a reset connection. */
const longestSurelyAnswered = 64 * 1024;

function findFault({ kind, isWhole, bytes }: RawRequest, answer: RawAnswer | undefined): string | undefined {
  if (answer === undefined) return isWhole && bytes.length <= longestSurelyAnswered ? 'no answer' : undefined;
  const { status, type, isOfApp, body } = answer;
  if (status < 400) return status >= 200 ? undefined : `status ${status}`;
  // Node refuses what is no HTTP, with nothing but a head.
  if (!isOfApp) return status < 500 && type === '' ? undefined : `${status} ${type} by another than the app`;
  if (type !== 'application/problem+json') return `${status} ${type}`;
  // HEAD.
  if (body.length === 0 && kind === 'head') return status < 500 ? undefined : `status ${status}`;
  const { code, status: said } = JSON.parse(String(body));
  if (said !== status) return `status ${status} that calls itself ${said}`;
  return status < 500 || deliberate.has(code) ? undefined : `${status} ${code}`;
}

export interface Traffic {
  sent: number;
  /** How often each status came, by kind of request; `-` for no answer. */
  readonly counts: Map<string, Map<number | '-', number>>;
  /** What was answered wrongly, with the beginning of what was asked. */
  readonly faults: string[];
  slowest: { readonly kind: string; readonly ms: number };
}

export const createTraffic = (): Traffic => ({
  sent: 0,
  counts: new Map(),
  faults: [],
  slowest: { kind: 'none', ms: 0 },
});

const shownBytes = 400;

async function exchange(traffic: Traffic, port: number, request: RawRequest): Promise<void> {
  const began = performance.now();
  const answer = await sendRaw(port, request);
  const ms = performance.now() - began;
  const { kind, bytes } = request;
  const statuses = traffic.counts.get(kind) ?? new Map<number | '-', number>();
  traffic.counts.set(kind, statuses);
  const status = answer?.status ?? '-';
  statuses.set(status, (statuses.get(status) ?? 0) + 1);
  traffic.sent++;
  if (ms > traffic.slowest.ms) traffic.slowest = { kind, ms };
  const fault = findFault(request, answer);
  if (fault !== undefined) traffic.faults.push(`${fault}: ${bytes.toString('latin1', 0, shownBytes)}`);
}

export interface TrafficOptions {
  readonly port: number;
  readonly count: number;
  readonly atOnce: number;
  readonly random: Random;
  readonly known: Known;
}

/** Sends requests of every maker in turn, several at once. */
export async function sendTraffic(
  traffic: Traffic,
  makers: readonly RequestMaker<RawRequest>[],
  { port, count, atOnce, random, known }: TrafficOptions,
): Promise<void> {
  let made = 0;
  const work = async (): Promise<void> => {
    while (made < count) await exchange(traffic, port, makers[made++ % makers.length](random, known));
  };
  await Promise.all(Array.from({ length: atOnce }, work));
}

/** Of all kinds. */
export const countOf = ({ counts }: Traffic, status: number): number =>
  [...counts.values()].reduce((sum, statuses) => sum + (statuses.get(status) ?? 0), 0);

/** `json 400×12 200×3; head …` */
export const describeTraffic = ({ sent, counts, slowest }: Traffic): string => {
  const kinds = [...counts].map(([kind, statuses]) => {
    const shown = [...statuses].sort(([, a], [, b]) => b - a).map(([status, count]) => `${status}×${count}`);
    return `${kind} ${shown.join(' ')}`;
  });
  return `${sent} requests: ${kinds.join('; ')}; slowest ${slowest.kind} ${Math.round(slowest.ms)} ms`;
};
