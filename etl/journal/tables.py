"""The tables of the journal, and how those of an older version become them."""

from __future__ import annotations

import sqlite3

VERSION = 2

REPORTED = "max(0, min(records, max(coalesce(errors, 0), records - coalesce(success, records))))"
ADDED_IN_2 = (
    # Of its records, those that no later attempt has taken over.
    "held INTEGER NOT NULL DEFAULT 0",
    # Of its failed records, those that surely arrived with a later attempt, or are a batch of their own.
    "recovered INTEGER NOT NULL DEFAULT 0",
    # A repetition: its one record had been sent before.
    "again INTEGER NOT NULL DEFAULT 0",
    # Its turn: the pieces of a batch lie between it and the one after it.
    "place REAL NOT NULL DEFAULT 0",
    # Records that Omnitron did not count as a success: the more pessimistic of its two numbers.
    f"reported INTEGER GENERATED ALWAYS AS ({REPORTED}) VIRTUAL",
    # Of the records it holds, those that failed as far as is known now. Which ones is known when all of them were reported.
    "failed INTEGER GENERATED ALWAYS AS "
    f"(CASE state WHEN 'done' THEN max(0, min(held, {REPORTED} - recovered)) ELSE 0 END) VIRTUAL",
)
BY_STATE = "CREATE INDEX batches_by_state ON batches(stage, state, place, id);"

ADDED_LATER = (
    # Each answer looks whose migration it names.
    "CREATE INDEX IF NOT EXISTS batches_by_migration ON batches(migration_id)",
    # What a run ended in: the text of `outcome` as templates with their parts (JSON), for a report in another language.
    "CREATE TABLE IF NOT EXISTS endings (run INTEGER PRIMARY KEY REFERENCES runs(id), told TEXT NOT NULL)",
    # The same in a few words (errors.EtlError.ending).
    "CREATE TABLE IF NOT EXISTS ends (run INTEGER PRIMARY KEY REFERENCES runs(id), ending TEXT NOT NULL)",
    # Stages of which a person said that they are no other one under a new name.
    "CREATE TABLE IF NOT EXISTS new_stages (stage TEXT PRIMARY KEY, person TEXT NOT NULL, time TEXT NOT NULL) WITHOUT ROWID",
    # What the mapping made the keys of a stage from when it was planned last.
    "CREATE TABLE IF NOT EXISTS stage_keys (stage TEXT PRIMARY KEY, made_from TEXT NOT NULL) WITHOUT ROWID",
)
"""What a journal of this version may lack, without being another one for it."""

SCHEMA = f"""
CREATE TABLE packages (
    id       INTEGER PRIMARY KEY,
    sha256   TEXT NOT NULL UNIQUE,          -- of its manifest.json, which holds the SHA-256 of everything else
    path     TEXT NOT NULL,                 -- relative to the workspace when inside it
    opened   TEXT NOT NULL
);
CREATE TABLE runs (
    id       INTEGER PRIMARY KEY,
    command  TEXT NOT NULL,                 -- run, resume, retry, pilot, resolve
    package  INTEGER REFERENCES packages(id),
    pid      INTEGER NOT NULL,
    host     TEXT NOT NULL,
    started  TEXT NOT NULL,
    ended    TEXT,
    outcome  TEXT                           -- 'ok', or the error's text; NULL while running, or when it was killed
);
CREATE TABLE batches (
    id           INTEGER PRIMARY KEY,
    stage        TEXT NOT NULL,
    payload      TEXT NOT NULL,             -- user, address, order, order_item
    package      INTEGER NOT NULL REFERENCES packages(id),
    pilot        INTEGER NOT NULL,
    alone        INTEGER NOT NULL,          -- part of the ramp-up: nothing else is in flight beside it
    file         TEXT NOT NULL,
    sha256       TEXT NOT NULL,             -- of the file, checked before every POST
    records      INTEGER NOT NULL,
    state        TEXT NOT NULL CHECK (state IN
                     ('planned', 'sending', 'accepted', 'done', 'refused', 'unknown', 'superseded')),
    migration_id TEXT,
    total        INTEGER,                   -- these three as Omnitron reports them; NULL when it did not tell
    success      INTEGER,
    errors       INTEGER,
    status       INTEGER,                   -- of the last answer to its POST
    answer       TEXT,                      -- of the last answer, cut when long
    sent         TEXT,
    ended        TEXT,
    {", ".join(ADDED_IN_2)}
);
{BY_STATE}
CREATE TABLE records (
    batch    INTEGER NOT NULL REFERENCES batches(id),
    position INTEGER NOT NULL,              -- in the batch's file, from 0
    stage    TEXT NOT NULL,
    key      TEXT NOT NULL,
    sha256   BLOB NOT NULL,                 -- of the record's own bytes
    live     INTEGER NOT NULL,              -- whether this batch holds the record
    PRIMARY KEY (batch, position)
) WITHOUT ROWID;
-- The database itself refuses to have a record in two batches that may have arrived.
CREATE UNIQUE INDEX one_batch_for_a_record ON records(stage, key) WHERE live = 1;
CREATE INDEX records_let_go ON records(stage, key) WHERE live = 0;
CREATE TABLE transitions (
    id       INTEGER PRIMARY KEY,
    batch    INTEGER NOT NULL REFERENCES batches(id),
    run      INTEGER REFERENCES runs(id),
    time     TEXT NOT NULL,
    before   TEXT,
    after    TEXT NOT NULL,
    note     TEXT NOT NULL
);
CREATE INDEX transitions_of_a_batch ON transitions(batch);
CREATE TABLE decisions (
    id           INTEGER PRIMARY KEY,
    batch        INTEGER NOT NULL REFERENCES batches(id),
    run          INTEGER REFERENCES runs(id),
    time         TEXT NOT NULL,
    arrived      INTEGER NOT NULL,
    migration_id TEXT,
    person       TEXT NOT NULL
);
CREATE TABLE changed (                      -- records whose payload is not the one that was uploaded
    package  INTEGER NOT NULL REFERENCES packages(id),
    stage    TEXT NOT NULL,
    key      TEXT NOT NULL,
    batch    INTEGER NOT NULL,
    PRIMARY KEY (stage, key, package)
) WITHOUT ROWID;
"""

PLANS = """
CREATE TABLE contents (                     -- the stages of a package, and how many records each has to send
    package  INTEGER NOT NULL REFERENCES packages(id),
    place    INTEGER NOT NULL,
    stage    TEXT NOT NULL,
    records  INTEGER NOT NULL,
    PRIMARY KEY (package, stage)
);
CREATE TABLE plans (                        -- a stage of a package is planned wholly or not at all
    package  INTEGER NOT NULL REFERENCES packages(id),
    stage    TEXT NOT NULL,
    valid    INTEGER NOT NULL,              -- whether it still holds; not when a batch has let go of its records since
    PRIMARY KEY (package, stage)
);
CREATE TABLE overlaps (                     -- how many records of a package a batch of another package holds
    package  INTEGER NOT NULL REFERENCES packages(id),
    stage    TEXT NOT NULL,
    batch    INTEGER NOT NULL REFERENCES batches(id),
    same     INTEGER NOT NULL,              -- with the same bytes
    changed  INTEGER NOT NULL,              -- with other bytes
    PRIMARY KEY (package, stage, batch)
);
CREATE TABLE waits (                        -- records that are not sent yet, though nothing is wrong with them
    package      INTEGER NOT NULL REFERENCES packages(id),
    stage        TEXT NOT NULL,
    key          TEXT NOT NULL,
    why          TEXT NOT NULL,             -- unsettled, failed (its parent), absent (its parent was not sent)
    parent_stage TEXT,
    parent       TEXT,
    PRIMARY KEY (stage, key, package)
) WITHOUT ROWID;
"""

LOOKUPS = """
CREATE TABLE trials (                       -- whether a migrated user was found in the channel at all
    id       INTEGER PRIMARY KEY,
    batch    INTEGER NOT NULL REFERENCES batches(id),
    key      TEXT NOT NULL,
    time     TEXT NOT NULL,
    found    INTEGER NOT NULL,
    seconds  REAL NOT NULL                  -- from sending its batch to the look that ended the trial
);
CREATE TABLE lookups (                      -- the last answer about each user that was asked for
    batch    INTEGER NOT NULL REFERENCES batches(id),
    key      TEXT NOT NULL,
    time     TEXT NOT NULL,
    found    INTEGER NOT NULL,
    PRIMARY KEY (batch, key)
) WITHOUT ROWID;
"""

FROM_1 = f"""
-- The counts of these plans do not tell which batch holds a record: each stage is planned once more, which sends nothing.
DROP TABLE plans;
DROP INDEX batches_by_state;
ALTER TABLE batches DROP COLUMN failed;
{" ".join(f"ALTER TABLE batches ADD COLUMN {column};" for column in ADDED_IN_2)}
UPDATE batches SET place = id, held = CASE WHEN state IN ('refused', 'superseded') THEN 0 ELSE records END;
{BY_STATE}
{PLANS}
{LOOKUPS}
"""  # noqa: S608 - every part is a constant


HOMES = """
CREATE TABLE homes (                        -- the folders it was allowed to send from; the last one counts
    id       INTEGER PRIMARY KEY,
    word     TEXT NOT NULL,                 -- a different one for each
    how      TEXT NOT NULL CHECK (how IN ('begun', 'moved', 'handed over', 'taken over')),
    host     TEXT NOT NULL,
    path     TEXT NOT NULL,
    inode    INTEGER NOT NULL,              -- of the folder's lock
    person   TEXT NOT NULL,
    time     TEXT NOT NULL
);
"""


def create(connection: sqlite3.Connection) -> None:
    """One transaction: a file without its tables would have no version either, and be prepared again."""
    connection.executescript(
        f"BEGIN IMMEDIATE; {SCHEMA} {PLANS} {LOOKUPS} {HOMES} PRAGMA user_version = {VERSION}; COMMIT;"
    )


def upgrade(connection: sqlite3.Connection, version: int) -> None:
    """Bring the tables of an older version up to date, wholly or not at all."""
    assert version == 1, version
    connection.executescript(f"BEGIN IMMEDIATE; {FROM_1} {HOMES} PRAGMA user_version = {VERSION}; COMMIT;")
