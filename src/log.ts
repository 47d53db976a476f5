import { type DestinationStream, destination, type Logger, pino } from 'pino';

/** Structured logs as JSON lines; on stderr unless told otherwise, so that stdout stays for answers. */
export const createLog = (
  level: string,
  target: DestinationStream = destination({ fd: 2, sync: true }),
): Logger => pino({ level, base: null }, target);
