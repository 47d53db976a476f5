/** As of the catalog: each entry takes `keys.sqlite` from version i to i + 1 and never changes once released. */
export const keyMigrations: readonly string[] = [
  `
  CREATE TABLE keys (
    id TEXT PRIMARY KEY CHECK (length(id) = 8),
    name TEXT NOT NULL,
    hash BLOB NOT NULL CHECK (length(hash) = 32),
    -- Comma-separated.
    scopes TEXT NOT NULL CHECK (scopes <> ''),
    rate_limit INTEGER CHECK (rate_limit >= 0),
    created_at TEXT NOT NULL,
    last_used_at TEXT,
    revoked_at TEXT
  ) STRICT, WITHOUT ROWID;
  `,
];
