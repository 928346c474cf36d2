use std::path::Path;

use rusqlite::Connection;

use crate::JournalError;

/// The format of the books; it grows when an older version could not read them any more.
const FORMAT: i64 = 2;

/// Files and documents are named by hashes. Their rows are appended, and only a small index is in the order of the
/// names, which stays in memory far longer than the rows would.
const TABLES: &str = "
    CREATE TABLE files (
        key BLOB PRIMARY KEY,
        path TEXT NOT NULL,
        fingerprint BLOB NOT NULL,
        records INTEGER NOT NULL,
        complete INTEGER NOT NULL,
        taken INTEGER NOT NULL
    );
    CREATE TABLE documents (
        id BLOB PRIMARY KEY,
        file BLOB NOT NULL,
        record INTEGER NOT NULL,
        outcome INTEGER NOT NULL,
        segment INTEGER NOT NULL,
        start INTEGER NOT NULL,
        length INTEGER NOT NULL
    );
    CREATE TABLE quarantine (id BLOB PRIMARY KEY) WITHOUT ROWID;
    CREATE TABLE segments (
        kind INTEGER NOT NULL,
        number INTEGER NOT NULL,
        length INTEGER NOT NULL,
        lines INTEGER NOT NULL,
        opened INTEGER NOT NULL,
        sha256 BLOB,
        PRIMARY KEY (kind, number)
    ) WITHOUT ROWID;
    CREATE TABLE totals (outcome INTEGER PRIMARY KEY, count INTEGER NOT NULL);
    INSERT INTO totals VALUES (0, 0), (1, 0), (2, 0);
    CREATE TABLE stage_keys (
        stage TEXT NOT NULL, key BLOB NOT NULL, value BLOB NOT NULL, PRIMARY KEY (stage, key)
    ) WITHOUT ROWID;
    CREATE TABLE stage_files (
        stage TEXT NOT NULL, file TEXT NOT NULL, length INTEGER NOT NULL, PRIMARY KEY (stage, file)
    ) WITHOUT ROWID;
";

/// The files that a stage's lines rest on, from the line at `start` of segment `segment` on. Books of before this table
/// was thought of get it when they are next written to; who only reads them takes it for empty.
const BASES: &str = "
    CREATE TABLE IF NOT EXISTS bases (
        stage TEXT NOT NULL,
        segment INTEGER NOT NULL,
        start INTEGER NOT NULL,
        since INTEGER NOT NULL,
        files TEXT NOT NULL,
        PRIMARY KEY (stage, segment, start)
    ) WITHOUT ROWID;
";

pub(crate) const FILE_NAME: &str = "journal.sqlite";

/// Ids are hashes, so each row of a batch lands on a page of its own: small pages make for a small log. Counts only
/// for a new database.
const PAGE: i64 = 1024;
/// The most memory for pages. Eight times as much saved no processor time at a million documents: what is not here, the
/// system has.
const CACHE: i64 = 4 << 20;
/// The length at which the log is folded into the database.
const WAL: i64 = 16 << 20;

/// Sets the connection up: a write-ahead log that is synced with each commit, and patience with readers.
pub(crate) fn prepare(connection: &Connection) -> Result<(), JournalError> {
    connection.pragma_update(None, "page_size", PAGE)?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "cache_size", -(CACHE >> 10))?;
    connection.pragma_update(None, "wal_autocheckpoint", WAL / PAGE)?;
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "busy_timeout", 10_000)?;
    connection.set_prepared_statement_cache_capacity(64);
    Ok(())
}

/// Makes the tables in an empty database, and checks the format of any other.
pub(crate) fn create(connection: &mut Connection, dir: &Path) -> Result<(), JournalError> {
    if format(connection)? == 0 {
        let transaction = connection.transaction()?;
        transaction.execute_batch(TABLES)?;
        transaction.pragma_update(None, "user_version", FORMAT)?;
        transaction.commit()?;
    }
    check(connection, dir)?;
    Ok(connection.execute_batch(BASES)?)
}

/// Refuses a database of another format.
pub(crate) fn check(connection: &Connection, dir: &Path) -> Result<(), JournalError> {
    match format(connection)? {
        FORMAT => Ok(()),
        0 => Err(JournalError::Absent { dir: dir.to_owned() }),
        found => Err(JournalError::Format {
            dir: dir.to_owned(),
            found,
            known: FORMAT,
        }),
    }
}

fn format(connection: &Connection) -> Result<i64, JournalError> {
    Ok(connection.pragma_query_value(None, "user_version", |row| row.get(0))?)
}
