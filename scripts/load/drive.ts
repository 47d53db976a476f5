import autocannon, { type Client, type Options, type Request, type Result } from 'autocannon';

export interface DriveOptions {
  readonly url: string;
  /** Asked in turn, each connection beginning with another. */
  readonly requests: readonly Request[];
  /** That many ask at once, each its next request when it has the answer to the last. */
  readonly connections: number;
  readonly seconds: number;
  readonly signal: AbortSignal;
}

/** Milliseconds from a request to the end of its answer, as the client sees it. */
export interface Latency {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export interface Driven {
  readonly connections: number;
  /** As it was; a little more than was asked for. */
  readonly seconds: number;
  /** Answers with results. */
  readonly answers: number;
  readonly perSecond: number;
  readonly latencyMs: Latency;
  /** Requests told to come again: 503 with Retry-After. */
  readonly refused: number;
  /** What is neither: another status, a body without results, a connection that broke, no answer in a minute. */
  readonly errors: number;
}

const patienceSeconds = 60;
const expectedBody = '{"results":[{"item":{"id":';

/** Nearest rank. @param sorted ascending, not empty */
const percentile = (sorted: Float64Array, share: number): number =>
  sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)];

function describeLatency(times: readonly number[]): Latency {
  const sorted = Float64Array.from(times.length === 0 ? [Number.NaN] : times).sort();
  const [p50, p95, p99, max] = [0.5, 0.95, 0.99, 1].map(share => percentile(sorted, share));
  return { p50, p95, p99, max };
}

/** Every client of autocannon begins with its first request: this one begins with another for each. */
function createSetup(requests: readonly Request[], onResponse: Request['onResponse']) {
  const heard = requests.map(request => ({ ...request, onResponse }));
  let clients = 0;
  return (client: Client): void => {
    const start = (clients++ * 7) % heard.length;
    client.setRequests([...heard.slice(start), ...heard.slice(0, start)]);
  };
}

type OnAnswer = (status: number, ms: number) => void;

/** Ends before its time when the signal is aborted. */
function run(options: Options, onAnswer: OnAnswer, signal: AbortSignal): Promise<Result> {
  return new Promise((resolve, reject) => {
    const instance = autocannon(options, (error: unknown, result) => {
      signal.removeEventListener('abort', stop);
      if (error === null) resolve(result);
      else reject(error);
    });
    const stop = (): void => instance.stop();
    signal.addEventListener('abort', stop, { once: true });
    instance.on('response', (_client, status, _bytes, ms) => onAnswer(status, ms));
  });
}

/** @throws the signal's reason when it is aborted */
export async function drive({ url, requests, connections, seconds, signal }: DriveOptions): Promise<Driven> {
  signal.throwIfAborted();
  const times: number[] = [];
  let [refused, strange] = [0, 0];
  const setupClient = createSetup(requests, (status, body, _context, headers) => {
    if (status === 200 && body.startsWith(expectedBody)) return;
    if (status === 503 && headers?.['Retry-After'] !== undefined) refused++;
    else strange++;
  });
  const options = { url, connections, duration: seconds, timeout: patienceSeconds, setupClient };
  const onAnswer: OnAnswer = (status, ms) => void (status === 200 && times.push(ms));
  const { duration, errors } = await run(options, onAnswer, signal);
  signal.throwIfAborted();
  return {
    connections,
    seconds: duration,
    answers: times.length,
    perSecond: times.length / duration,
    latencyMs: describeLatency(times),
    refused,
    errors: errors + strange,
  };
}
