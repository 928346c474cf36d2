//! The rows of a batch.

use std::collections::{BTreeSet, HashMap};

use rusqlite::{Connection, OptionalExtension, Transaction, params};

use crate::known::Noted;
use crate::names::FILES;
use crate::rows::{BasisRow, DocumentRow, FileRow, Outcome, SegmentRow, Totals};
use crate::{Earlier, JournalError, KnownFile, KnownFiles, PathKey, schema};

/// What the rows of a batch's files came to.
pub(crate) struct Written {
    /// The number of each file, and what may have documents with the ids of its.
    files: HashMap<PathKey, (i64, Earlier)>,
    /// The names and numbers of those that were not in the books before.
    pub(crate) fresh: BTreeSet<(i64, i64)>,
}

/// What is known of a file from its row on.
pub(crate) fn known(row: &FileRow) -> Noted {
    let file = if row.complete {
        KnownFile::Complete
    } else {
        KnownFile::Begun(row.records)
    };
    (schema::name_of_path(&row.path), row.key, row.fingerprint, file)
}

/// The files with this name, for those that it costs nothing where there are none.
pub(crate) fn earlier(
    connection: &Connection,
    known: &KnownFiles,
    recent: &BTreeSet<(i64, i64)>,
    name: i64,
) -> rusqlite::Result<Earlier> {
    if !known.any(name) {
        return Ok(Earlier(Vec::new()));
    }
    let mut numbers = FILES.find(connection, name)?;
    let of_name = recent.range((name, i64::MIN)..=(name, i64::MAX));
    numbers.extend(of_name.map(|(_, number)| number));
    Ok(Earlier(numbers))
}

pub(crate) fn files(
    transaction: &Transaction<'_>,
    known: &KnownFiles,
    recent: &BTreeSet<(i64, i64)>,
    files: &[FileRow],
) -> rusqlite::Result<Written> {
    let mut is_it = transaction.prepare_cached("SELECT 1 FROM files WHERE number = ?1 AND key = ?2")?;
    let mut put = transaction.prepare_cached(schema::PUT_FILE)?;
    let mut change = transaction.prepare_cached(
        "UPDATE files SET fingerprint = ?2, records = ?3, complete = ?4, taken = ?5 WHERE number = ?1",
    )?;
    let mut written = Written {
        files: HashMap::with_capacity(files.len()),
        fresh: BTreeSet::new(),
    };
    for file in files {
        let name = schema::name_of_path(&file.path);
        let earlier = earlier(transaction, known, recent, name)?;
        let (records, taken) = (file.records as i64, file.taken.as_millisecond());
        let mut itself = None;
        for number in &earlier.0 {
            if is_it.exists(params![number, file.key])? {
                itself = Some(*number);
            }
        }
        let number = match itself {
            Some(number) => {
                change.execute(params![number, file.fingerprint, records, file.complete, taken])?;
                number
            }
            None => {
                let number = put.insert(params![
                    name,
                    file.key,
                    file.path,
                    file.fingerprint,
                    records,
                    file.complete,
                    taken
                ])?;
                written.fresh.insert((name, number));
                number
            }
        };
        written.files.insert(file.key, (number, earlier));
    }
    if let Some(taken) = files.iter().map(|file| file.taken).max() {
        transaction.execute("DELETE FROM latest", [])?;
        transaction.execute("INSERT INTO latest (taken) VALUES (?1)", [taken.as_millisecond()])?;
    }
    Ok(written)
}

/// A document that is in the books already can only be one that was in quarantine and comes again. Gives the number of the
/// last row, where one was added.
pub(crate) fn documents(
    transaction: &Transaction<'_>,
    written: &Written,
    documents: &[DocumentRow],
    totals: &mut Totals,
) -> Result<Option<i64>, JournalError> {
    let mut before = transaction
        .prepare_cached("SELECT number FROM documents WHERE file = ?1 AND record = ?2 AND id = ?3")?;
    let mut leave = transaction.prepare_cached("DELETE FROM quarantine WHERE id = ?1")?;
    let mut enter = transaction.prepare_cached("INSERT INTO quarantine (id) VALUES (?1)")?;
    let mut put = transaction.prepare_cached(
        "INSERT INTO documents (id, file, record, outcome, segment, start, length) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?;
    let mut change = transaction.prepare_cached(
        "UPDATE documents SET outcome = ?2, segment = ?3, start = ?4, length = ?5 WHERE number = ?1",
    )?;
    let mut last = None;
    for row in documents {
        let (id, record) = (row.id.as_bytes(), row.record as i64);
        let (file, earlier) = written
            .files
            .get(&row.file)
            .ok_or_else(|| JournalError::Damaged(format!("document {} comes without its file", row.id)))?;
        let mut number: Option<i64> = None;
        for file in &earlier.0 {
            number = before
                .query_row(params![file, record, id], |row| row.get(0))
                .optional()?;
            if number.is_some() {
                break;
            }
        }
        let place = [row.segment, row.start, row.length].map(|value| value as i64);
        match number {
            Some(number) => {
                if leave.execute([id])? > 0 {
                    totals.quarantined -= 1;
                }
                change.execute(params![number, row.outcome as i64, place[0], place[1], place[2]])?;
            }
            None => {
                last = Some(put.insert(params![
                    id,
                    file,
                    record,
                    row.outcome as i64,
                    place[0],
                    place[1],
                    place[2]
                ])?);
            }
        }
        if row.outcome == Outcome::Quarantined {
            enter.execute([id])?;
        }
        *totals.of(row.outcome) += 1;
    }
    Ok(last)
}

pub(crate) fn segments(transaction: &Transaction<'_>, segments: &[SegmentRow]) -> rusqlite::Result<()> {
    let mut put = transaction.prepare_cached(
        "INSERT OR REPLACE INTO segments (kind, number, length, lines, opened, sha256) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for row in segments {
        put.execute(params![
            row.kind as i64,
            row.number as i64,
            row.length as i64,
            row.lines as i64,
            row.opened.as_millisecond(),
            row.sha256.as_ref().map(|hash| hash.as_bytes().as_slice())
        ])?;
    }
    Ok(())
}

pub(crate) fn bases(transaction: &Transaction<'_>, bases: &[BasisRow]) -> rusqlite::Result<()> {
    let mut put = transaction.prepare_cached(
        "INSERT OR REPLACE INTO bases (stage, segment, start, since, files) VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    for row in bases {
        put.execute(params![
            row.stage,
            row.segment as i64,
            row.start as i64,
            row.since.as_millisecond(),
            serde_json::Value::from_iter(row.files.iter().map(|file| serde_json::json!(file))).to_string()
        ])?;
    }
    Ok(())
}

pub(crate) fn totals(transaction: &Transaction<'_>, mut totals: Totals) -> rusqlite::Result<()> {
    let mut put = transaction.prepare_cached("UPDATE totals SET count = ?2 WHERE outcome = ?1")?;
    for outcome in [Outcome::Written, Outcome::Rejected, Outcome::Quarantined] {
        put.execute(params![outcome as i64, *totals.of(outcome) as i64])?;
    }
    Ok(())
}
