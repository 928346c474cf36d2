//! How rows are found by a hash, without an index in the order of hashes.
//!
//! Such an index costs each row of a batch a page of its own as soon as there are more pages than rows in a batch: from
//! some hundred thousand rows on, that is most of what a commit does. So rows are only appended. Each [`RUN`] of them gets
//! one sorted run of names behind the runs before it, which is appended as well and never changed again. Whoever looks for
//! a name looks once into each run, a matter of a microsecond, and at the rows after the last.

use rusqlite::{Connection, Transaction, params};

/// The rows of a run. More make a commit that writes one longer; fewer make more runs to look into.
pub(crate) const RUN: i64 = 1 << 16;

/// The first 64 bits of a hash. Rows with the same name are told apart by whoever looks for one.
pub(crate) fn name(hash: &[u8]) -> i64 {
    hash.first_chunk().map_or(0, |first| i64::from_le_bytes(*first))
}

/// A table whose rows have names.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Named {
    find: &'static str,
    last: &'static str,
    rows: &'static str,
    put: &'static str,
    seal: &'static str,
}

/// Files, by the hash of their path as the lines write it.
pub(crate) const FILES: Named = Named {
    find: "SELECT names.number FROM file_runs AS runs CROSS JOIN file_names AS names
        ON names.run = runs.run AND names.name = ?1",
    last: "SELECT coalesce(max(last), 0), count(*) FROM file_runs",
    rows: "SELECT name, number FROM files WHERE number > ?1 ORDER BY number LIMIT ?2",
    put: "INSERT INTO file_names (run, name, number) VALUES (?1, ?2, ?3)",
    seal: "INSERT INTO file_runs (run, last) VALUES (?1, ?2)",
};

/// Documents, by their id.
pub(crate) const DOCUMENTS: Named = Named {
    find: "SELECT names.number FROM document_runs AS runs CROSS JOIN document_names AS names
        ON names.run = runs.run AND names.name = ?1",
    last: "SELECT coalesce(max(last), 0), count(*) FROM document_runs",
    rows: "SELECT id, number FROM documents WHERE number > ?1 ORDER BY number LIMIT ?2",
    put: "INSERT INTO document_names (run, name, number) VALUES (?1, ?2, ?3)",
    seal: "INSERT INTO document_runs (run, last) VALUES (?1, ?2)",
};

impl Named {
    /// The numbers of the rows called `name` that are in a run.
    pub(crate) fn find(self, connection: &Connection, name: i64) -> rusqlite::Result<Vec<i64>> {
        let mut select = connection.prepare_cached(self.find)?;
        let rows = select.query_map([name], |row| row.get(0))?;
        rows.collect()
    }

    /// The number of the last row that is in a run, and of runs.
    pub(crate) fn last(self, connection: &Connection) -> rusqlite::Result<(i64, i64)> {
        let mut select = connection.prepare_cached(self.last)?;
        select.query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
    }

    /// Makes runs of the rows that are in none, as long as there are enough for one, and gives the number of the last row
    /// that is in a run now. `rows` is how many rows there are; their numbers go from 1 without a gap.
    pub(crate) fn seal(
        self,
        transaction: &Transaction<'_>,
        rows: i64,
        run_length: i64,
    ) -> rusqlite::Result<i64> {
        let (mut last, mut run) = self.last(transaction)?;
        while rows - last >= run_length {
            let mut names = transaction
                .prepare_cached(self.rows)?
                .query_map(params![last, run_length], |row| {
                    let named = match row.get_ref(0)? {
                        rusqlite::types::ValueRef::Blob(hash) => name(hash),
                        value => value.as_i64()?,
                    };
                    Ok((named, row.get::<_, i64>(1)?))
                })?
                .collect::<rusqlite::Result<Vec<_>>>()?;
            names.sort_unstable();
            let mut put = transaction.prepare_cached(self.put)?;
            for (name, number) in names {
                put.execute(params![run, name, number])?;
            }
            last += run_length;
            transaction.prepare_cached(self.seal)?.execute([run, last])?;
            run += 1;
        }
        Ok(last)
    }
}
