import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { ProcessLock } from '../catalog/process-lock.js';

/** Keeps a folder to this process until the lock is closed or the process ends. @throws MedoidError `run-locked` */
export async function lockFolder(folder: string): Promise<ProcessLock> {
  await mkdir(folder, { recursive: true });
  return ProcessLock.acquire(join(folder, 'write.lock'), 'run');
}
