-- People with an account. The keys are email and username with ASCII letters in lower case.
CREATE TABLE account (
  id            BLOB PRIMARY KEY,
  email         TEXT NOT NULL,
  email_key     TEXT NOT NULL UNIQUE,
  username      TEXT NOT NULL,
  username_key  TEXT NOT NULL UNIQUE,
  first_name    TEXT NOT NULL,
  last_name     TEXT NOT NULL,
  password_hash TEXT NOT NULL,
  is_admin      INTEGER NOT NULL,
  is_active     INTEGER NOT NULL,
  profile       TEXT NOT NULL,
  created_at    INTEGER NOT NULL,
  updated_at    INTEGER NOT NULL
) STRICT;

-- One row a login: the family of refresh tokens of which the newest has this secret's hash.
CREATE TABLE login (
  id           BLOB PRIMARY KEY,
  account      BLOB NOT NULL REFERENCES account (id) ON DELETE CASCADE,
  secret_hash  BLOB NOT NULL,
  client       TEXT NOT NULL,
  created_at   INTEGER NOT NULL,
  last_used_at INTEGER NOT NULL,
  expires_at   INTEGER NOT NULL
) STRICT;
CREATE INDEX login_account ON login (account, last_used_at);

-- Logins that were ended; their access tokens are refused until then.
CREATE TABLE ended_login (
  id    BLOB PRIMARY KEY,
  until INTEGER NOT NULL
) STRICT;
CREATE INDEX ended_login_until ON ended_login (until);
