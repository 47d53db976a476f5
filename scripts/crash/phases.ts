import type { Phase } from './bench.js';
import { duringBackup, duringIndex, duringRepair } from './command-phases.js';
import {
  duringClose,
  duringCompaction,
  duringRequests,
  duringSnapshot,
  duringStart,
  whileQuiet,
} from './server-phases.js';

interface PhaseEntry {
  readonly name: string;
  readonly run: Phase;
  /** How often it is drawn, beside the others. */
  readonly weight: number;
  /** A verb that the program may lack. */
  readonly verb?: string;
}

/** When the kill comes. */
export const phases: readonly PhaseEntry[] = [
  { name: 'start', run: duringStart, weight: 2 },
  { name: 'requests', run: duringRequests, weight: 6 },
  { name: 'snapshot', run: duringSnapshot, weight: 3 },
  { name: 'compaction', run: duringCompaction, weight: 2 },
  { name: 'close', run: duringClose, weight: 3 },
  { name: 'quiet', run: whileQuiet, weight: 2 },
  { name: 'index', run: duringIndex, weight: 2 },
  { name: 'backup', run: duringBackup, weight: 1, verb: 'backup' },
  { name: 'repair', run: duringRepair, weight: 1, verb: 'doctor' },
];
