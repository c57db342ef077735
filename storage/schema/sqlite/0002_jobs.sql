-- Executions. A job outlives its room, so `room` is no foreign key.
CREATE TABLE job (
  seq          INTEGER PRIMARY KEY, -- order of insertion
  id           BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  room         BLOB CHECK (length(room) = 16),
  language     TEXT NOT NULL,
  status       TEXT NOT NULL CHECK (status IN ('QUEUED', 'RUNNING', 'COMPLETED', 'FAILED',
                                               'TIMEOUT', 'CANCELLED')),
  exclusive    INTEGER NOT NULL CHECK (exclusive IN (0, 1)),
  retry        INTEGER NOT NULL CHECK (retry IN (0, 1)),
  starts       INTEGER NOT NULL DEFAULT 0,
  claims       INTEGER NOT NULL DEFAULT 0,
  node         BLOB CHECK (length(node) = 16), -- who claimed it
  created_at   INTEGER NOT NULL,
  started_at   INTEGER,
  completed_at INTEGER,
  request      BLOB NOT NULL,
  result       BLOB NOT NULL DEFAULT x'',
  CHECK (status <> 'RUNNING' OR node IS NOT NULL)
) STRICT;

-- At most one exclusive job of a room that is not over, whatever the code above does.
CREATE UNIQUE INDEX job_exclusive ON job (room)
  WHERE exclusive = 1 AND status IN ('QUEUED', 'RUNNING');
CREATE INDEX job_queued ON job (created_at, seq) WHERE status = 'QUEUED';
CREATE INDEX job_running ON job (node) WHERE status = 'RUNNING';
CREATE INDEX job_by_room ON job (room, created_at, seq);

-- What check() writes, to see that writes work.
CREATE TABLE health (
  one        INTEGER PRIMARY KEY CHECK (one = 1),
  checked_at INTEGER NOT NULL
) STRICT;
INSERT INTO health VALUES (1, 0);
