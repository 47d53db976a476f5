import type Database from 'better-sqlite3';

/** What a picture looks like, in few bits: [2]. */
export type StoredHash = Uint32Array;

const bytesPerWord = 4;

const prepareStatements = (database: Database.Database) => ({
  find: database.prepare('SELECT hash FROM picture_hashes WHERE image_sha256 = ?').pluck(),
  // Of an image that nobody has any more nothing is kept.
  add: database.prepare(
    `INSERT OR IGNORE INTO picture_hashes (image_sha256, hash)
     SELECT @imageSha256, @hash WHERE EXISTS (SELECT 1 FROM items WHERE image_sha256 = @imageSha256)`,
  ),
});

/** uint32, little endian on every machine. */
function encodeHash(hash: StoredHash): Buffer {
  const blob = Buffer.alloc(hash.length * bytesPerWord);
  for (const [i, word] of hash.entries()) blob.writeUInt32LE(word, i * bytesPerWord);
  return blob;
}

const decodeHash = (blob: Buffer): StoredHash =>
  Uint32Array.from({ length: blob.length / bytesPerWord }, (_, i) => blob.readUInt32LE(i * bytesPerWord));

/** The perceptual hashes of images, which go with the last item that has the image. */
export class PictureHashTable {
  private readonly statements: ReturnType<typeof prepareStatements>;

  constructor(database: Database.Database) {
    this.statements = prepareStatements(database);
  }

  /** Nothing for an image of which none was made. */
  find(imageSha256: string): StoredHash | undefined {
    const blob = this.statements.find.get(imageSha256) as Buffer | undefined;
    return blob === undefined ? undefined : decodeHash(blob);
  }

  /** One that is there stays as it is. */
  add(imageSha256: string, hash: StoredHash): void {
    this.statements.add.run({ imageSha256, hash: encodeHash(hash) });
  }
}
