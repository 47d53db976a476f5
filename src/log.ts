import { destination, type Logger, pino } from 'pino';

/** Structured logs as JSON lines on stderr, so that stdout stays for answers. */
export const createLog = (level: string): Logger =>
  pino({ level, base: null }, destination({ fd: 2, sync: true }));
