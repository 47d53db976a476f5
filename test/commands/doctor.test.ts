import { existsSync, readdirSync } from 'node:fs';
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { codesOf, copyForEachTest, damageDatabase, examine } from '../fixtures/examine.js';
import { createPicture } from '../fixtures/images.js';
import { type Running, runMedoid, startMedoid } from '../fixtures/run-medoid.js';

describe('medoid doctor', () => {
  let directory: string;
  const imagesIn = (): string[] =>
    readdirSync(join(directory, 'images'), { recursive: true, encoding: 'utf8' })
      .filter(name => /[0-9a-f]{64}$/.test(name))
      .sort();

  copyForEachTest(copy => {
    directory = copy;
  });

  async function serve(): Promise<{ running: Running; url: string }> {
    const running = startMedoid(['serve', '--gallery', directory, '--port', '0', '--json']);
    const [, answer] = await running.seen(/^({"url":.*})$/m);
    return { running, url: JSON.parse(answer).url };
  }

  it('explains itself and refuses what it does not know', async () => {
    const help = await runMedoid('doctor', '--help');
    expect(help).toMatchObject({ exitCode: 0 });
    expect(help.stdout).toMatch(/--fix[\s\S]*--from/);
    expect(await runMedoid('doctor')).toMatchObject({ exitCode: 2, stdout: '' });
    const wrong = await runMedoid('doctor', '--gallery', directory, '--repair');
    expect(wrong).toMatchObject({ exitCode: 2, stdout: '' });
    expect(wrong.stderr).toMatch(/unknown option '--repair'/);
    const alone = await runMedoid('doctor', '--gallery', directory, '--from', directory);
    expect(alone).toMatchObject({ exitCode: 2, stdout: '' });
    expect(alone.stderr).toMatch(/expected --fix with --from/);
  });

  it('says where no gallery is, in one document too', async () => {
    const nowhere = join(directory, 'nowhere');
    const { exitCode, stderr } = await runMedoid('doctor', '--gallery', nowhere);
    expect(exitCode).toBe(1);
    expect(stderr).toMatch(/file-not-found/);
    const { stdout } = await runMedoid('doctor', '--gallery', nowhere, '--json', '--fix');
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'file-not-found' } });
    expect(existsSync(nowhere)).toBe(false);
  });

  it('tells people what it has looked at, what is wrong and what to do, and mends it', async () => {
    const well = await runMedoid('doctor', '--gallery', directory);
    expect(well.exitCode).toBe(0);
    expect(well.stdout).toMatch(/^check +result +what it looks at\ncatalog +ok/);
    expect(well.stdout).toMatch(/All is well\.\n$/);
    expect(well.stderr).toMatch(/checking catalog\n[\s\S]*checking keys\n/);

    const lost = imagesIn().slice(0, 7);
    await mkdir(join(directory, '..', 'originals'));
    for (const name of lost) {
      await cp(join(directory, 'images', name), join(directory, '..', 'originals', `${name.slice(3)}.png`));
      await rm(join(directory, 'images', name));
    }
    const ill = await runMedoid('doctor', '--gallery', directory);
    expect(ill.exitCode).toBe(1);
    expect(ill.stdout).toMatch(/images +7 findings/);
    expect(ill.stdout).toMatch(/error image-missing \(7\): /);
    expect(ill.stdout).toMatch(
      /default, item \d+ \(picture-\d+\.png\), images\/.*: expected a file, got none\n/,
    );
    expect(ill.stdout).toMatch(/and 2 more\n {2}--fix puts it back if --from has it\n/);
    expect(ill.stdout).toMatch(/Not all is well\.\n$/);

    const from = join(directory, '..', 'originals');
    const mended = await runMedoid('doctor', '--gallery', directory, '--fix', '--from', from);
    expect(mended.exitCode).toBe(0);
    expect(mended.stdout).toMatch(/mended\n {2}image-missing \(7\)/);
    expect(mended.stdout).toMatch(/All is mended\.\n$/);
  });

  it('answers one document, bounded, that says how many it has left out', async () => {
    const count = 1005;
    const rows = Array.from({ length: count }, (_, i) => {
      const sha256 = (i + 1).toString(16).padStart(64, '0');
      return `(1, 'lost-${i}', '{}', '${sha256}', 'png', 4, 3, 9, 'then', 'then')`;
    });
    damageDatabase(
      join(directory, 'catalog.sqlite'),
      `INSERT INTO items (collection_id, key, metadata, image_sha256, format, width, height, bytes, created_at,
         updated_at) VALUES ${rows.join(',')}`,
    );
    const { stdout, exitCode } = await runMedoid('doctor', '--gallery', directory, '--json');
    expect(exitCode).toBe(1);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({
      healthy: false,
      counts: { 'image-missing': count, 'item-unembedded': count },
      findingsLeftOut: 2 * (count - 1000),
      mended: [],
      notes: [],
    });
    expect(document.findings.length).toBe(2000);
    expect(document.findings[0]).toMatchObject({
      code: 'image-missing',
      severity: 'error',
      key: 'lost-0',
      collection: 'default',
    });
  });

  it('finds nothing wrong while a server writes, and mends nothing then', async () => {
    const { running, url } = await serve();
    const items = `${url}/v1/collections/default/items`;
    let isOver = false;
    const write = async (): Promise<number> => {
      let written = 0;
      while (!isOver) {
        const form = new FormData();
        form.append('image', new Blob([await createPicture(`live/${written}`)]), 'a.png');
        // Some are new, some replace another, whose picture goes.
        const response = await fetch(`${items}?key=live-${written % 5}`, { method: 'POST', body: form });
        expect(response.ok).toBe(true);
        const { outcomes } = (await response.json()) as { outcomes: [{ item: { id: number } }] };
        if (written % 3 === 0) await fetch(`${items}/${outcomes[0].item.id}`, { method: 'DELETE' });
        written++;
      }
      return written;
    };
    const writing = write();
    try {
      for (let i = 0; i < 12; i++) expect((await examine(directory)).findings).toEqual([]);
      const locked = await runMedoid('doctor', '--gallery', directory, '--fix', '--json');
      expect(locked.exitCode).toBe(1);
      expect(JSON.parse(locked.stdout)).toMatchObject({ error: { code: 'gallery-locked' } });
      expect(await runMedoid('doctor', '--gallery', directory)).toMatchObject({ exitCode: 0 });
    } finally {
      isOver = true;
      await writing;
      running.child.kill('SIGTERM');
      await running.finished;
    }
    expect(await writing).toBeGreaterThan(12);
    expect((await examine(directory)).findings).toEqual([]);
  });

  it('finds nothing that a server killed in the middle does not mend by itself, and mends it too', async () => {
    const { running, url } = await serve();
    const form = new FormData();
    form.append('image', new Blob([await createPicture('killed')]), 'a.png');
    await fetch(`${url}/v1/collections/default/items?key=killed`, { method: 'POST', body: form });
    running.child.kill('SIGKILL');
    await running.finished;
    expect((await examine(directory)).findings).toEqual([]);
    const { findings, mended } = await examine(directory, { fix: true });
    expect(findings).toEqual([]);
    expect(codesOf({ findings: mended })).toEqual(['index-behind']);
  });

  it('leaves everything whole when it is stopped in the middle', async () => {
    const [lost, damaged] = imagesIn();
    const from = join(directory, '..', 'originals');
    await cp(join(directory, 'images'), from, { recursive: true });
    for (const verb of ['catalog', 'images', 'image-files', 'vectors', 'indexes']) {
      await rm(join(directory, 'images', lost), { force: true });
      await writeFile(join(directory, 'images', damaged), 'damaged');
      await rm(join(directory, 'index'), { recursive: true, force: true });
      const running = startMedoid(['doctor', '--gallery', directory, '--fix', '--from', from, '--json']);
      await running.seen(new RegExp(`checking ${verb}\n`));
      running.child.kill('SIGINT');
      const { exitCode, stdout } = await running.finished;
      // It may have been through before it noticed.
      if (exitCode === 130) expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'interrupted' } });
      else expect(JSON.parse(stdout)).toMatchObject({ healthy: true });
      expect((await examine(directory, { fix: true, from })).findings).toEqual([]);
      expect(imagesIn().length).toBe(12);
    }
  });
});
