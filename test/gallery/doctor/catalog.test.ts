import { readFileSync } from 'node:fs';
import { mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { migrations } from '../../../src/catalog/migrations.js';
import { Gallery } from '../../../src/gallery/gallery.js';
import { askDatabase, codesOf, damageDatabase, examine, GalleryCopies } from '../../fixtures/examine.js';

interface Damage {
  readonly name: string;
  /** To the catalog, with SQL. */
  readonly sql: string;
  readonly codes: readonly string[];
  /** What is left after mending; none when it is mended. */
  readonly left: readonly string[];
}

/** A cluster of the first two items. */
const clusterFor = `INSERT INTO clusterings VALUES (1, 1, NULL, 0.5, NULL, NULL, 0, NULL, 0, 0, 'then', NULL);
  INSERT INTO clusters VALUES (1, 1, NULL, NULL, 'then');
  INSERT INTO facilities VALUES (1, 1, 1, 0);
  INSERT INTO members VALUES (1, 1, 1, 0), (2, 2, 1, 0);`;
const itemFor = `INSERT INTO items VALUES (99, 77, 'lost', NULL, '{}', (SELECT image_sha256 FROM items WHERE id = 1),
  'png', 4, 3, (SELECT bytes FROM items WHERE id = 1), 'then', 'then')`;
const unit = `(SELECT embedding FROM vectors WHERE id = 1)`;

const damages: readonly Damage[] = [
  {
    name: 'an index of fewer rows',
    sql: `UPDATE sqlite_master SET sql = 'CREATE INDEX items_of_image ON items (image_sha256) WHERE id <> 3'
            WHERE name = 'items_of_image'; PRAGMA schema_version = 999;`,
    codes: ['catalog-schema'],
    left: ['catalog-schema'],
  },
  {
    name: 'a trigger that is gone',
    sql: 'DROP TRIGGER item_removed',
    codes: ['catalog-schema'],
    left: ['catalog-schema'],
  },
  {
    name: 'a version that is newer',
    sql: 'PRAGMA user_version = 99',
    codes: ['catalog-newer'],
    left: ['catalog-newer'],
  },
  {
    name: 'an application id of something else',
    sql: 'PRAGMA application_id = 7',
    codes: ['catalog-foreign'],
    left: ['catalog-foreign'],
  },
  {
    name: 'a sequence that is behind',
    sql: `UPDATE sqlite_sequence SET seq = 3 WHERE name = 'vectors'`,
    codes: ['sequence-behind'],
    left: [],
  },
  {
    name: 'a sequence that is gone',
    sql: `DELETE FROM sqlite_sequence WHERE name = 'items'`,
    codes: ['sequence-behind'],
    left: [],
  },
  {
    name: 'metadata that are no JSON',
    sql: `UPDATE items SET metadata = '{"number":' WHERE id = 2`,
    codes: ['row-odd'],
    left: ['row-odd'],
  },
  {
    name: 'a width of nothing',
    sql: 'UPDATE items SET width = 0 WHERE id = 2',
    codes: ['row-odd'],
    left: ['row-odd'],
  },
  {
    name: 'a format that there is none of',
    sql: `UPDATE items SET format = 'bmp' WHERE id = 2`,
    codes: ['row-odd'],
    left: ['row-odd'],
  },
  {
    name: 'a recall that is none',
    sql: `UPDATE embedding_sets SET recall = '{"1":"much"}'`,
    codes: ['row-odd'],
    left: ['row-odd'],
  },
  {
    name: 'an item without its collection',
    sql: itemFor,
    codes: ['item-orphan'],
    left: ['item-orphan'],
  },
  {
    name: 'a vector without its item',
    sql: `INSERT INTO vectors VALUES (50, 70, 1, ${unit})`,
    codes: ['vector-orphan', 'index-behind'],
    left: [],
  },
  {
    name: 'a vector without its set and its item',
    sql: `INSERT INTO vectors VALUES (50, 70, 9, ${unit})`,
    codes: ['vector-orphan'],
    left: [],
  },
  {
    name: 'a member of no facility',
    sql: `${clusterFor} INSERT INTO members VALUES (9, 3, 77, 0)`,
    codes: ['cluster-row-orphan'],
    left: [],
  },
  {
    name: 'a facility without its item, and its members with it',
    sql: `${clusterFor} UPDATE facilities SET item_id = 77`,
    codes: ['cluster-row-orphan'],
    left: [],
  },
  {
    name: 'a medoid that is no member',
    sql: `${clusterFor} DELETE FROM members WHERE item_id = 1`,
    codes: ['cluster-row-orphan'],
    left: [],
  },
  {
    name: 'a member of a cluster of another collection',
    sql: `${clusterFor} INSERT INTO collections VALUES (5, 'other', 'then', 5, NULL);
      INSERT INTO embedding_sets SELECT 5, 5, model_id, model_directory, dimension, created_at, NULL FROM embedding_sets;
      UPDATE clusterings SET collection_id = 5`,
    codes: ['cluster-row-orphan', 'cluster-row-orphan'],
    left: [],
  },
  {
    name: 'a clustering without its collection',
    sql: `${clusterFor} UPDATE clusterings SET collection_id = 77`,
    codes: ['cluster-row-orphan', 'cluster-row-orphan', 'cluster-row-orphan'],
    left: [],
  },
  {
    name: 'an event of no cluster',
    sql: `INSERT INTO cluster_events VALUES (1, 77, 'opened', 0, NULL, NULL, NULL, NULL, 'then')`,
    codes: ['cluster-row-orphan'],
    left: [],
  },
  {
    name: 'clusters that were merged round in a circle, or into none',
    sql: `${clusterFor} INSERT INTO clusters VALUES (2, 1, 'a', 3, 'then'), (3, 1, NULL, 2, 'then'), (4, 1, NULL, 99, 'then'),
      (5, 1, NULL, 2, 'then'), (6, 1, NULL, 1, 'then')`,
    codes: ['cluster-merge-broken', 'cluster-merge-broken', 'cluster-merge-broken'],
    left: [],
  },
  {
    name: 'an event of a kind that there is none of',
    sql: `${clusterFor} INSERT INTO cluster_events VALUES (1, 1, 'danced', 0, NULL, NULL, NULL, NULL, 'then')`,
    codes: ['row-odd'],
    left: ['row-odd'],
  },
  {
    name: 'a set without its collection',
    sql: `INSERT INTO embedding_sets SELECT 5, 77, model_id, model_directory, dimension, created_at, NULL FROM embedding_sets`,
    codes: ['set-orphan'],
    left: ['set-orphan'],
  },
  {
    name: 'a job without its collection',
    sql: `INSERT INTO jobs (kind, collection_id, state, input, created_at) VALUES ('cluster', 77, 'done', 'null', 'then')`,
    codes: ['job-orphan'],
    left: ['job-orphan'],
  },
  {
    name: 'an evaluation without its collection',
    sql: `INSERT INTO evaluations VALUES (1, 77, 'a', '{}', '${'0'.repeat(64)}', '{}', 'then')`,
    codes: ['evaluation-orphan'],
    left: ['evaluation-orphan'],
  },
  {
    name: 'an evaluation that is cut off',
    sql: `INSERT INTO evaluations VALUES (1, 1, 'a', '{}', '${'0'.repeat(64)}', '{"ite', 'then')`,
    codes: ['row-odd'],
    left: ['row-odd'],
  },
  {
    name: 'what was decided and found of duplicates in a collection that is gone',
    sql: `INSERT INTO duplicate_decisions VALUES (1, 77, 'keep', 'then');
      INSERT INTO decided_items VALUES (1, 1, 1, '${'a'.repeat(64)}'), (2, 1, 2, '${'b'.repeat(64)}');
      INSERT INTO duplicate_searches VALUES (1, 77, 'm', 0.1, '["near"]', 'then');
      INSERT INTO duplicate_groups VALUES (1, 8, '[
        {"itemId":1,"imageSha256":"${'a'.repeat(64)}","tier":null,"distance":0,"hashDistance":0},
        {"itemId":2,"imageSha256":"${'b'.repeat(64)}","tier":"near","distance":0.1,"hashDistance":null}]')`,
    codes: ['duplicate-orphan', 'duplicate-orphan', 'duplicate-orphan'],
    left: [],
  },
  {
    name: 'decided items that are gone, with their decision',
    sql: `INSERT INTO duplicate_decisions VALUES (1, 1, 'keep', 'then');
      INSERT INTO decided_items VALUES (1, 1, 77, '${'a'.repeat(64)}'), (2, 1, 78, '${'b'.repeat(64)}')`,
    codes: ['duplicate-orphan', 'duplicate-orphan'],
    left: [],
  },
  {
    name: 'the hash of a picture that no item has',
    sql: `INSERT INTO picture_hashes (image_sha256, hash) VALUES ('${'a'.repeat(64)}', x'0011223344556677')`,
    codes: ['hash-stray'],
    left: [],
  },
  {
    name: 'odd hashes and groups',
    sql: `UPDATE picture_hashes SET hash = x'00' WHERE id = 1;
      INSERT INTO duplicate_searches VALUES (1, 1, 'm', 0.1, '["near"]', 'then');
      INSERT INTO duplicate_groups VALUES (1, 1, '[]')`,
    codes: ['row-odd', 'row-odd'],
    left: ['row-odd', 'row-odd'],
  },
  {
    name: 'a collection whose set is gone',
    sql: 'UPDATE collections SET active_set_id = 9',
    codes: ['active-set-missing'],
    left: ['active-set-missing'],
  },
  {
    name: 'a collection that never had a set',
    sql: 'UPDATE collections SET active_set_id = NULL',
    codes: ['active-set-missing'],
    left: ['active-set-missing'],
  },
  {
    name: 'a set before that is gone',
    sql: 'UPDATE collections SET previous_set_id = 9',
    codes: ['previous-set-missing'],
    left: [],
  },
];

describe('the doctor, of the catalog', () => {
  let copies: GalleryCopies;
  const catalogOf = (directory: string): string => join(directory, 'catalog.sqlite');

  beforeAll(async () => {
    copies = await GalleryCopies.create();
  });
  afterEach(() => copies.removeCopies());
  afterAll(() => copies.remove());

  it('finds nothing wrong with a gallery that is whole, and changes nothing of it', async () => {
    const directory = await copies.copy();
    const before = await readFile(catalogOf(directory));
    for (const fix of [false, true]) {
      const { findings, checks, mended } = await examine(directory, { fix });
      expect(findings).toEqual([]);
      expect(mended).toEqual([]);
      expect(checks.map(({ state }) => state)).toEqual(checks.map(() => 'ok'));
      expect((await readFile(catalogOf(directory))).equals(before)).toBe(true);
    }
  });

  it.each(damages)('finds $name', async ({ sql, codes, left }) => {
    const directory = await copies.copy();
    damageDatabase(catalogOf(directory), sql);
    const damaged = await readFile(catalogOf(directory));
    expect(codesOf(await examine(directory)).sort()).toEqual([...codes].sort());
    // To look changes nothing.
    expect((await readFile(catalogOf(directory))).equals(damaged)).toBe(true);
    const { findings, mended } = await examine(directory, { fix: true });
    expect(findings.map(({ code }) => code)).toEqual(left);
    if (left.length === 0) expect(mended.length).toBeGreaterThan(0);
    else expect((await readFile(catalogOf(directory))).equals(damaged)).toBe(true);
    expect(codesOf(await examine(directory))).toEqual(left);
  });

  it('has an id never come back once the sequence is mended', async () => {
    const directory = await copies.copy();
    damageDatabase(catalogOf(directory), `UPDATE sqlite_sequence SET seq = 3 WHERE name = 'vectors'`);
    await examine(directory, { fix: true });
    expect(askDatabase(catalogOf(directory), `SELECT seq FROM sqlite_sequence WHERE name = 'vectors'`)).toBe(
      12,
    );
  });

  it('brings a catalog of an older version to the newest', async () => {
    const directory = await copies.copy();
    await rm(directory, { recursive: true });
    await mkdir(directory);
    damageDatabase(
      catalogOf(directory),
      `${migrations[0]}; PRAGMA application_id = ${0x4d45444f}; PRAGMA user_version = 1`,
    );
    expect(codesOf(await examine(directory))).toEqual(['catalog-older']);
    const { findings, mended } = await examine(directory, { fix: true });
    expect(findings).toEqual([]);
    expect(codesOf({ findings: mended })).toEqual(['catalog-older']);
  });

  it('writes an index of the catalog anew that lacks rows, and looks at nothing else until then', async () => {
    const directory = await copies.copy();
    const sql = String(
      askDatabase(catalogOf(directory), `SELECT sql FROM sqlite_master WHERE name = 'items_of_image'`),
    );
    // The index is made of fewer rows than it then says it has.
    const other = `${sql} WHERE id > 4`;
    damageDatabase(catalogOf(directory), `DROP INDEX items_of_image; ${other}`);
    damageDatabase(
      catalogOf(directory),
      `UPDATE sqlite_master SET sql = '${sql}' WHERE name = 'items_of_image'`,
    );
    const { findings, checks } = await examine(directory);
    expect(findings).toMatchObject([{ code: 'catalog-index-damaged' }]);
    expect(findings[0].detail).toMatch(/row 1 missing from index items_of_image/);
    expect(checks.filter(({ state }) => state === 'not-checked').length).toBe(checks.length - 2);
    const after = await examine(directory, { fix: true });
    expect(after.findings).toEqual([]);
    expect(codesOf({ findings: after.mended })).toEqual(['catalog-index-damaged']);
    expect(askDatabase(catalogOf(directory), 'PRAGMA integrity_check')).toBe('ok');
  });

  it('never touches a catalog that SQLite calls malformed, nor anything beside it', async () => {
    const directory = await copies.copy();
    const path = catalogOf(directory);
    const pageSize = Number(askDatabase(path, 'PRAGMA page_size'));
    const root = Number(askDatabase(path, `SELECT rootpage FROM sqlite_master WHERE name = 'items'`));
    const file = await open(path, 'r+');
    await file.write(Buffer.alloc(pageSize, 0x5a), 0, pageSize, (root - 1) * pageSize);
    await file.close();
    const damaged = readFileSync(path);
    await writeFile(join(directory, 'images', 'notes.txt'), 'a stray');
    for (const fix of [false, true]) {
      const { findings, mended } = await examine(directory, { fix });
      expect(codesOf({ findings })).toEqual(['catalog-malformed']);
      expect(mended).toEqual([]);
      expect(readFileSync(path).equals(damaged)).toBe(true);
      expect(readFileSync(join(directory, 'images', 'notes.txt'), 'utf8')).toBe('a stray');
    }
  });

  it('says of a file that is no SQLite file that it is malformed', async () => {
    const directory = await copies.copy();
    await writeFile(
      catalogOf(directory),
      'not a database at all, however long this text may be. '.repeat(50),
    );
    expect(codesOf(await examine(directory, { fix: true }))).toEqual(['catalog-malformed']);
  });

  it('takes the lock only to mend', async () => {
    const directory = await copies.copy();
    const gallery = await Gallery.open(directory, { access: 'write', threads: 1 });
    try {
      expect(codesOf(await examine(directory))).toEqual([]);
      await expect(examine(directory, { fix: true })).rejects.toMatchObject({ code: 'gallery-locked' });
    } finally {
      await gallery.close();
    }
  });

  it('refuses a folder that is no gallery', async () => {
    const nowhere = join(copies.original.folder, 'nowhere');
    await expect(examine(nowhere)).rejects.toMatchObject({ code: 'file-not-found' });
    await expect(examine(nowhere, { fix: true })).rejects.toMatchObject({ code: 'file-not-found' });
  });
});
