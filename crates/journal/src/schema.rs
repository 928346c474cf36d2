use std::path::Path;

use gristmill_core::Sha256;
use rusqlite::types::Value;
use rusqlite::{Connection, Transaction, params};

use crate::JournalError;
use crate::names::name;

/// The format of the books; it grows when an older version could not read them any more.
const FORMAT: i64 = 3;

/// Rows of files and documents are only appended, and changed in place where a file or document comes again; they are found
/// through [`names`](crate::names).
const TABLES: &str = "
    CREATE TABLE files (
        number INTEGER PRIMARY KEY,
        name INTEGER NOT NULL,
        key BLOB NOT NULL,
        path TEXT NOT NULL,
        fingerprint BLOB NOT NULL,
        records INTEGER NOT NULL,
        complete INTEGER NOT NULL,
        taken INTEGER NOT NULL
    );
    CREATE TABLE file_names (
        run INTEGER NOT NULL, name INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (run, name, number)
    ) WITHOUT ROWID;
    CREATE TABLE file_runs (run INTEGER PRIMARY KEY, last INTEGER NOT NULL);
    CREATE TABLE documents (
        number INTEGER PRIMARY KEY,
        id BLOB NOT NULL,
        file INTEGER NOT NULL,
        record INTEGER NOT NULL,
        outcome INTEGER NOT NULL,
        segment INTEGER NOT NULL,
        start INTEGER NOT NULL,
        length INTEGER NOT NULL
    );
    CREATE INDEX documents_of_file ON documents (file, record);
    CREATE TABLE document_names (
        run INTEGER NOT NULL, name INTEGER NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (run, name, number)
    ) WITHOUT ROWID;
    CREATE TABLE document_runs (run INTEGER PRIMARY KEY, last INTEGER NOT NULL);
    CREATE TABLE latest (taken INTEGER NOT NULL);
";

/// What older formats have as well.
const SHARED_TABLES: &str = "
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

/// A batch is a few rows at the end of each table, so that small pages make for a small log. Counts only for a new
/// database.
const PAGE: i64 = 1024;
/// The most memory for pages: what is not here, the system has.
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

/// Makes the tables in an empty database, brings the format before this one up to date, and checks the format of any other.
pub(crate) fn create(connection: &mut Connection, dir: &Path) -> Result<(), JournalError> {
    let found = format(connection)?;
    if found == 0 || found == 2 {
        let transaction = connection.transaction()?;
        if found == 0 {
            transaction.execute_batch(SHARED_TABLES)?;
            transaction.execute_batch(TABLES)?;
        } else {
            tracing::info!("bringing the journal up to date, which takes a while where its history is long");
            from_format_2(&transaction)?;
        }
        transaction.pragma_update(None, "user_version", FORMAT)?;
        transaction.commit()?;
    }
    check(connection, dir)?;
    Ok(connection.execute_batch(BASES)?)
}

/// Format 2 had an index of files by their key and of documents by their id, and documents name their file by its key.
fn from_format_2(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction
        .execute_batch("ALTER TABLE files RENAME TO files_2; ALTER TABLE documents RENAME TO documents_2;")?;
    transaction.execute_batch(TABLES)?;
    {
        let mut files = transaction
            .prepare("SELECT key, path, fingerprint, records, complete, taken FROM files_2 ORDER BY rowid")?;
        let mut put = transaction.prepare(PUT_FILE)?;
        let mut rows = files.query([])?;
        while let Some(row) = rows.next()? {
            let path: String = row.get(1)?;
            let name = name_of_path(&path);
            put.execute(params![
                name,
                row.get::<_, Value>(0)?,
                path,
                row.get::<_, Value>(2)?,
                row.get::<_, Value>(3)?,
                row.get::<_, Value>(4)?,
                row.get::<_, Value>(5)?
            ])?;
        }
    }
    transaction.execute_batch(
        "INSERT INTO latest SELECT max(taken) FROM files HAVING count(*) > 0;
        CREATE INDEX files_by_key ON files (key);
        INSERT INTO documents (id, file, record, outcome, segment, start, length)
            SELECT id, files.number, record, outcome, segment, start, length
            FROM documents_2 CROSS JOIN files ON files.key = documents_2.file ORDER BY documents_2.rowid;
        DROP INDEX files_by_key;
        DROP TABLE files_2;
        DROP TABLE documents_2;",
    )
}

/// Appends a row to `files`.
pub(crate) const PUT_FILE: &str = "INSERT INTO files (name, key, path, fingerprint, records, complete, taken) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

/// The name of a file, by its path as the lines write it.
pub(crate) fn name_of_path(path: &str) -> i64 {
    name(Sha256::of(path.as_bytes()).as_bytes())
}

/// Refuses a database of another format.
pub(crate) fn check(connection: &Connection, dir: &Path) -> Result<(), JournalError> {
    match format(connection)? {
        FORMAT => Ok(()),
        0 => Err(JournalError::Absent { dir: dir.to_owned() }),
        2 => Err(JournalError::Outdated { dir: dir.to_owned() }),
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
