CREATE TABLE chat (
  room      BLOB NOT NULL REFERENCES room (id) ON DELETE CASCADE,
  number    INTEGER NOT NULL,
  kind      INTEGER NOT NULL,
  person    TEXT NOT NULL,
  name      TEXT NOT NULL,
  text      TEXT NOT NULL,
  run       BLOB CHECK (run IS NULL OR length(run) = 16),
  at        INTEGER NOT NULL,
  edited_at INTEGER,
  removed   INTEGER NOT NULL,
  PRIMARY KEY (room, number)
) STRICT, WITHOUT ROWID;
