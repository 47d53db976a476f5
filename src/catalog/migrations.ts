/**
 * Each entry takes the file from version i to i + 1 and never changes once released: what comes next is a new entry.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE collections (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    model_id TEXT NOT NULL,
    model_directory TEXT NOT NULL,
    dimension INTEGER NOT NULL CHECK (dimension > 0),
    created_at TEXT NOT NULL
  ) STRICT;

  CREATE TABLE items (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection_id INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    key TEXT NOT NULL,
    label TEXT,
    metadata TEXT NOT NULL CHECK (json_valid(metadata)),
    image_sha256 TEXT NOT NULL CHECK (length(image_sha256) = 64),
    format TEXT NOT NULL,
    width INTEGER NOT NULL CHECK (width > 0),
    height INTEGER NOT NULL CHECK (height > 0),
    bytes INTEGER NOT NULL CHECK (bytes > 0),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    UNIQUE (collection_id, key)
  ) STRICT;

  -- An index ends in the row's id: a page of a collection is read without sorting all of it.
  CREATE INDEX items_of_collection ON items (collection_id);

  -- AUTOINCREMENT: an id is the label of a vector in the index and must never come back as another vector.
  CREATE TABLE vectors (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    item_id INTEGER NOT NULL UNIQUE REFERENCES items (id) ON DELETE CASCADE,
    embedding BLOB NOT NULL
  ) STRICT;
  `,
];
