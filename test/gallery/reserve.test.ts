import { existsSync } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Reserve } from '../../src/gallery/reserve.js';

describe('the reserve', () => {
  let folder: string;
  let path: string;
  let notices: string[];
  let reserve: Reserve;
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'medoid-reserve-'));
    path = join(folder, 'reserve');
    notices = [];
    reserve = new Reserve(path, message => void notices.push(message));
    await reserve.fill();
  });
  afterEach(() => rm(folder, { recursive: true }));

  /** Fails so often, as on a full disk unless told otherwise. */
  const failing = (times: number, code = 'SQLITE_FULL') => {
    let left = times;
    return () => {
      if (left-- > 0) throw Object.assign(new Error('no'), { code });
      return existsSync(path);
    };
  };

  it('is given up for what finds the disk full, and only then', async () => {
    expect(await reserve.withRoom(failing(0))).toBe(true);
    await expect(reserve.withRoom(failing(1, 'SQLITE_CONSTRAINT'))).rejects.toMatchObject({
      code: 'SQLITE_CONSTRAINT',
    });
    expect(existsSync(path)).toBe(true);
    let made = 0;
    expect(await reserve.withRoom(failing(1), () => void made++)).toBe(false);
    expect(made).toBe(1);
    await expect(reserve.withRoom(failing(2))).rejects.toMatchObject({ code: 'SQLITE_FULL' });
  });

  it('is put back, also in the place of a part of it', async () => {
    const whole = (await stat(path)).size;
    await reserve.withRoom(failing(1));
    await reserve.fill();
    expect((await stat(path)).size).toBe(whole);
    await writeFile(path, 'a part');
    await new Reserve(path, () => undefined).fill();
    expect((await stat(path)).size).toBe(whole);
  });

  it('says why it cannot be put back, unless the disk is full', async () => {
    await new Reserve(join(folder, 'nowhere', 'reserve'), message => void notices.push(message)).fill();
    expect(notices).toEqual([expect.stringMatching(/no room could be set aside: ENOENT/)]);
  });
});
