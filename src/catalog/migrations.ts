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
  `
  -- What one model made of a collection. The first set of each gets the collection's id: its snapshot goes by that.
  CREATE TABLE embedding_sets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection_id INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    model_id TEXT NOT NULL,
    model_directory TEXT NOT NULL,
    dimension INTEGER NOT NULL CHECK (dimension > 0),
    created_at TEXT NOT NULL,
    recall TEXT CHECK (json_valid(recall)),
    UNIQUE (collection_id, model_id)
  ) STRICT;

  INSERT INTO embedding_sets (id, collection_id, model_id, model_directory, dimension, created_at)
    SELECT id, id, model_id, model_directory, dimension, created_at FROM collections;
  DELETE FROM sqlite_sequence WHERE name = 'embedding_sets';
  INSERT INTO sqlite_sequence (name, seq)
    SELECT 'embedding_sets', seq FROM sqlite_sequence WHERE name = 'collections';

  ALTER TABLE collections ADD COLUMN active_set_id INTEGER REFERENCES embedding_sets (id);
  ALTER TABLE collections ADD COLUMN previous_set_id INTEGER REFERENCES embedding_sets (id) ON DELETE SET NULL;
  UPDATE collections SET active_set_id = id;
  ALTER TABLE collections DROP COLUMN model_id;
  ALTER TABLE collections DROP COLUMN model_directory;
  ALTER TABLE collections DROP COLUMN dimension;

  CREATE TABLE new_vectors (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    item_id INTEGER NOT NULL REFERENCES items (id) ON DELETE CASCADE,
    set_id INTEGER NOT NULL REFERENCES embedding_sets (id) ON DELETE CASCADE,
    embedding BLOB NOT NULL,
    UNIQUE (item_id, set_id)
  ) STRICT;
  INSERT INTO new_vectors (id, item_id, set_id, embedding)
    SELECT vectors.id, item_id, collection_id, embedding FROM vectors JOIN items ON items.id = item_id;
  -- The highest id ever given, not the highest there is.
  DELETE FROM sqlite_sequence WHERE name = 'new_vectors';
  INSERT INTO sqlite_sequence (name, seq)
    SELECT 'new_vectors', seq FROM sqlite_sequence WHERE name = 'vectors';
  DROP TABLE vectors;
  ALTER TABLE new_vectors RENAME TO vectors;
  CREATE INDEX vectors_of_set ON vectors (set_id);

  -- Images that an item let go of: the file is removed unless another item has it.
  CREATE TABLE loose_images (id INTEGER PRIMARY KEY AUTOINCREMENT, image_sha256 TEXT NOT NULL) STRICT;
  CREATE INDEX items_of_image ON items (image_sha256);
  CREATE TRIGGER item_removed AFTER DELETE ON items BEGIN
    INSERT INTO loose_images (image_sha256) VALUES (old.image_sha256);
  END;
  CREATE TRIGGER image_replaced AFTER UPDATE OF image_sha256 ON items
  WHEN old.image_sha256 <> new.image_sha256 BEGIN
    INSERT INTO loose_images (image_sha256) VALUES (old.image_sha256);
  END;

  CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    collection_id INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'done', 'failed', 'cancelled')),
    input TEXT NOT NULL CHECK (json_valid(input)),
    -- From where a job goes on that was stopped half-way.
    checkpoint TEXT CHECK (json_valid(checkpoint)),
    progress_done INTEGER NOT NULL DEFAULT 0,
    progress_total INTEGER,
    result TEXT CHECK (json_valid(result)),
    error_code TEXT,
    error_message TEXT,
    created_at TEXT NOT NULL,
    started_at TEXT,
    finished_at TEXT
  ) STRICT;
  CREATE INDEX jobs_of_state ON jobs (state);
  CREATE INDEX jobs_of_collection ON jobs (collection_id);
  `,
  `
  -- Clusters that uploads join.
  CREATE TABLE clusterings (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection_id INTEGER NOT NULL UNIQUE REFERENCES collections (id) ON DELETE CASCADE,
    -- As it was asked for; null where it is measured.
    asked_cost REAL CHECK (asked_cost > 0),
    facility_cost REAL NOT NULL CHECK (facility_cost > 0),
    -- For each item, as measured when there were so many.
    measured_share REAL CHECK (measured_share > 0),
    measured_items INTEGER CHECK (measured_items > 0),
    seed INTEGER NOT NULL,
    consolidate_after INTEGER CHECK (consolidate_after > 0),
    -- Since a consolidation was last asked for.
    changes INTEGER NOT NULL DEFAULT 0 CHECK (changes >= 0),
    -- What was done by hand, so that a consolidation sees that something was.
    edits INTEGER NOT NULL DEFAULT 0 CHECK (edits >= 0),
    created_at TEXT NOT NULL,
    consolidated_at TEXT
  ) STRICT;

  CREATE TABLE clusters (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    clustering_id INTEGER NOT NULL REFERENCES clusterings (id) ON DELETE CASCADE,
    name TEXT,
    merged_into INTEGER REFERENCES clusters (id) ON DELETE CASCADE,
    created_at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX clusters_of_clustering ON clusters (clustering_id);
  CREATE INDEX clusters_merged_into ON clusters (merged_into);

  -- Its item never changes: another medoid is another facility.
  CREATE TABLE facilities (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    cluster_id INTEGER NOT NULL REFERENCES clusters (id) ON DELETE CASCADE,
    item_id INTEGER NOT NULL UNIQUE REFERENCES items (id) ON DELETE CASCADE,
    pinned INTEGER NOT NULL DEFAULT 0 CHECK (pinned IN (0, 1))
  ) STRICT;
  CREATE INDEX facilities_of_cluster ON facilities (cluster_id);

  CREATE TABLE members (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    item_id INTEGER NOT NULL UNIQUE REFERENCES items (id) ON DELETE CASCADE,
    facility_id INTEGER NOT NULL REFERENCES facilities (id) ON DELETE CASCADE,
    -- Put into its cluster by hand.
    held INTEGER NOT NULL DEFAULT 0 CHECK (held IN (0, 1))
  ) STRICT;
  CREATE INDEX members_of_facility ON members (facility_id);

  CREATE TABLE cluster_events (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    cluster_id INTEGER NOT NULL REFERENCES clusters (id) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    by_hand INTEGER NOT NULL CHECK (by_hand IN (0, 1)),
    -- Ids of what may be gone by now.
    other_cluster_id INTEGER,
    item_id INTEGER,
    items INTEGER CHECK (items > 0),
    name TEXT,
    at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX events_of_cluster ON cluster_events (cluster_id);

  -- What pictures look like, and what was decided of duplicates.
  CREATE TABLE picture_hashes (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    image_sha256 TEXT NOT NULL UNIQUE CHECK (length(image_sha256) = 64),
    hash BLOB NOT NULL CHECK (length(hash) = 8)
  ) STRICT;
  CREATE TRIGGER hash_of_removed AFTER DELETE ON items
  WHEN NOT EXISTS (SELECT 1 FROM items WHERE image_sha256 = old.image_sha256) BEGIN
    DELETE FROM picture_hashes WHERE image_sha256 = old.image_sha256;
  END;
  CREATE TRIGGER hash_of_replaced AFTER UPDATE OF image_sha256 ON items
  WHEN NOT EXISTS (SELECT 1 FROM items WHERE image_sha256 = old.image_sha256) BEGIN
    DELETE FROM picture_hashes WHERE image_sha256 = old.image_sha256;
  END;

  -- About every pair of its items, as long as they have the pictures that they had.
  CREATE TABLE duplicate_decisions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection_id INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    verdict TEXT NOT NULL CHECK (verdict IN ('keep', 'not-duplicates')),
    created_at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX decisions_of_collection ON duplicate_decisions (collection_id);
  CREATE TABLE decided_items (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    decision_id INTEGER NOT NULL REFERENCES duplicate_decisions (id) ON DELETE CASCADE,
    item_id INTEGER NOT NULL REFERENCES items (id) ON DELETE CASCADE,
    image_sha256 TEXT NOT NULL CHECK (length(image_sha256) = 64),
    UNIQUE (decision_id, item_id)
  ) STRICT;
  CREATE INDEX decisions_of_item ON decided_items (item_id);
  CREATE TRIGGER decision_without_pair AFTER DELETE ON decided_items
  WHEN (SELECT count(*) FROM decided_items WHERE decision_id = old.decision_id) < 2 BEGIN
    DELETE FROM duplicate_decisions WHERE id = old.decision_id;
  END;

  -- What the newest search found; one that has no end was broken off.
  CREATE TABLE duplicate_searches (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection_id INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    model_id TEXT NOT NULL,
    max_distance REAL NOT NULL,
    tiers TEXT NOT NULL CHECK (json_valid(tiers)),
    finished_at TEXT
  ) STRICT;
  CREATE INDEX searches_of_collection ON duplicate_searches (collection_id);
  CREATE TABLE duplicate_groups (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    search_id INTEGER NOT NULL REFERENCES duplicate_searches (id) ON DELETE CASCADE,
    -- What stands for the group comes first.
    members TEXT NOT NULL CHECK (json_valid(members))
  ) STRICT;
  CREATE INDEX groups_of_search ON duplicate_groups (search_id);

  -- Evaluations.
  CREATE TABLE evaluations (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    collection_id INTEGER NOT NULL REFERENCES collections (id) ON DELETE CASCADE,
    model_id TEXT NOT NULL,
    -- The same text for the same input: those that can be compared are found by it.
    input TEXT NOT NULL CHECK (json_valid(input)),
    -- Of the ids, labels and images that it was measured on.
    items_sha256 TEXT NOT NULL CHECK (length(items_sha256) = 64),
    result TEXT NOT NULL CHECK (json_valid(result)),
    created_at TEXT NOT NULL
  ) STRICT;
  CREATE INDEX evaluations_of_collection ON evaluations (collection_id);
  `,
];
